"""The links of the README that enter the server into a client."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.packaging.newcomer import ROOT, environment, tools_of

README = (ROOT / "README.md").read_text(encoding="utf-8")


def link(text: str) -> str:
    (found,) = re.findall(rf"\[{text}\]\((\S+)\)", README)
    return found


def of_cursor() -> tuple[str, dict[str, Any]]:
    """The name and the entry that Cursor reads in its link."""
    address = urlsplit(link("Add to Cursor"))
    assert (address.scheme, address.netloc) == ("https", "cursor.com")
    query = parse_qs(address.query, strict_parsing=True)
    return query["name"][0], json.loads(base64.b64decode(query["config"][0], validate=True))


def of_vscode() -> tuple[str, dict[str, Any]]:
    """The name and the entry that VS Code reads in its link."""
    address = urlsplit(link("Install in VS Code"))
    assert (address.scheme, address.netloc, address.path) == ("https", "vscode.dev", "/redirect")
    (target,) = parse_qs(address.query, strict_parsing=True)["url"]
    before, _, config = target.partition("?")
    assert before == "vscode:mcp/install"
    entry: dict[str, Any] = json.loads(unquote(config))
    return entry.pop("name"), entry


def test_both_links_enter_the_same_server_under_the_same_name() -> None:
    (cursor_name, cursor), (vscode_name, vscode) = of_cursor(), of_vscode()
    assert cursor_name == vscode_name == "sora"
    assert vscode == {"type": "stdio", **cursor}


def test_the_links_stand_where_the_readme_says_that_the_name_is_not_published_yet() -> None:
    section = README.partition("### Once it is published")[2].partition("\n## ")[0]
    assert "Add to Cursor" in section
    assert "not on a package index yet" in section


async def test_what_the_links_enter_serves_tools_once_it_is_published(
    published: dict[str, str], tmp_path: Path
) -> None:
    _, entry = of_cursor()
    assert entry["command"] == "uvx"
    # `uvx` is `uv tool run`, and not everywhere where uv is.
    newcomer = environment(tmp_path / "newcomer", **published)
    tools = await tools_of(["uv", "tool", "run", *entry["args"]], newcomer, tmp_path)
    assert len(tools) == 10
