"""The documents say what is true. (`tests/packaging/test_commands.py` runs their commands.)"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import anyio
import click
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from sora_mcp.cli import main
from sora_mcp.cli.outcome import Exit
from sora_mcp.settings import Settings
from tests.harness import app_in
from tests.server.surface import client_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
}
EXAMPLE = json.loads((ROOT / "claude_desktop_config.example.json").read_text(encoding="utf-8"))
VARIABLES = {f"SORA_MCP_{name.upper()}" for name in Settings.model_fields}


def commands() -> dict[str, click.Command]:
    with click.Context(main) as context:
        return {
            name: command
            for name in main.list_commands(context)
            if (command := main.get_command(context, name))
        }


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_readme_has_the_two_commands_of_a_newcomer_as_lines_to_copy() -> None:
    lines = README.splitlines()
    generate = 'pip install uv && uv run sora-mcp generate "A calico cat playing a piano on stage"'
    assert generate in lines
    assert "pip install uv && uv run pytest" in lines


def test_the_first_lines_of_the_readme_say_what_this_is_and_what_became_of_sora() -> None:
    beginning = " ".join(README[:1200].split())
    for words in ("MCP server", "switched", "2026-09-24", "any host that speaks", "embedded"):
        assert words in beginning


def test_every_command_that_a_document_names_exists() -> None:
    named = {
        word
        for text in DOCUMENTS.values()
        for word in re.findall(r"(?<!/)\bsora-mcp ([a-z]+)\b(?=[^\n]*[`\n])", _code(text))
    }
    assert named - set(commands()) == set()
    assert set(commands()) - named == set()


def _code(text: str) -> str:
    """The code in a document: its blocks, and what stands between back-quotes."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", prose)]) + "\n"


def test_every_option_that_a_document_names_exists() -> None:
    known = {
        option
        for command in [main, *commands().values()]
        for parameter in command.params
        for option in parameter.opts
    }
    for line in _code("\n".join(DOCUMENTS.values())).splitlines():
        told = re.findall(r"(?<=\s)--[a-z-]+", line.partition("sora-mcp ")[2])
        assert set(told) - known == set(), line


def test_every_setting_is_explained() -> None:
    page = DOCUMENTS["settings.md"]
    rows = re.findall(r"^\| `([A-Z_]+)`[^|]*\| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    explained = {name: meaning for name, meaning, _ in rows}
    webhook = "SORA_MCP_OPENAI_WEBHOOK_SECRET"
    assert set(explained) == VARIABLES - {webhook} | {"OPENAI_WEBHOOK_SECRET"}
    assert all(len(meaning) > 10 for meaning in explained.values())


def test_every_setting_that_a_document_names_exists() -> None:
    named = {
        name for text in DOCUMENTS.values() for name in re.findall(r"\bSORA_MCP_[A-Z_]+[A-Z]", text)
    }
    for_tests = {name for name in named if name.startswith("SORA_MCP_TEST_")}
    assert named - VARIABLES - for_tests == set()


def test_the_exit_codes_of_the_readme_are_those_of_the_program() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert told == set(Exit)


def test_every_link_between_documents_leads_somewhere() -> None:
    for name, text in DOCUMENTS.items():
        folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", text):
            assert (folder / target).exists(), f"{name}: {target}"


def test_the_architecture_names_every_part_and_no_file_that_is_not_there() -> None:
    package = ROOT / "sora_mcp"
    page = DOCUMENTS["architecture.md"]
    parts = [path for path in package.iterdir() if path.suffix == ".py" or path.is_dir()]
    hidden = {"__init__.py", "__pycache__"}
    assert [path.name for path in parts if path.name not in page and path.name not in hidden] == []
    files = {path.name for path in package.rglob("*.py")}
    assert set(re.findall(r"\b\w+\.py\b", page)) - files == set()


async def test_the_tools_and_prompts_of_the_readme_are_those_of_the_server(tmp_path: Path) -> None:
    async with app_in(tmp_path) as app, client_of(app) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
    told = set(re.findall(r"^\| `([a-z]+_[a-z_]+)` \|", README, re.MULTILINE))
    assert told == tools
    assert {name for name in prompts if f"`{name}`" not in README} == set()


def test_every_client_configuration_in_the_readme_is_json_that_starts_the_clone() -> None:
    configurations: list[dict[str, Any]] = [json.loads(block) for block in code_blocks("json")]
    assert EXAMPLE in configurations
    for configuration in configurations:
        (section,) = configuration.values()
        entry = section["sora"]
        assert entry["command"] == "uv"
        assert entry["args"] == ["--directory", "/absolute/path/to/sora-mcp", "run", "sora-mcp"]


@pytest.mark.skipif(shutil.which("uv") is None, reason="needs uv")
async def test_the_example_configuration_serves_tools_once_its_path_is_set(tmp_path: Path) -> None:
    entry = EXAMPLE["mcpServers"]["sora"]
    arguments = [arg.replace("/absolute/path/to/sora-mcp", str(ROOT)) for arg in entry["args"]]
    parameters = StdioServerParameters(
        command=entry["command"],
        args=arguments,
        env={"SORA_MCP_HOME": str(tmp_path / "home"), "UV_NO_SYNC": "1"},
        cwd=tmp_path,
    )
    with anyio.fail_after(60):
        async with Client(stdio_client(parameters)) as client:
            tools = await client.list_tools()
    assert {tool.name for tool in tools.tools} >= {"generate_video", "get_video_status"}
