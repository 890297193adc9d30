"""Entering the server into the configuration of MCP clients."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Terminal

PLACES = {
    "claude-desktop": (".config/Claude/claude_desktop_config.json", "mcpServers"),
    "claude-code": (".claude.json", "mcpServers"),
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "vscode": (".config/Code/User/mcp.json", "servers"),
}

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems keep these files elsewhere"
)


@pytest.fixture
def shell(terminal: Terminal) -> Terminal:
    return terminal.with_variables(
        SORA_MCP_API_KEY="sk-never-written-anywhere", OPENAI_API_KEY="sk-nor-this-one-either"
    )


def config_of(shell: Terminal, client: str) -> Path:
    return shell.folder / PLACES[client][0]


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("client", PLACES)
async def test_a_client_without_configuration_gets_one_with_absolute_commands_and_no_key(
    shell: Terminal, client: str
) -> None:
    result = await shell.run("install", client)
    assert result.code == Exit.OK, result.err
    file = config_of(shell, client)
    assert result.out == f"{file}\n"
    entry = read(file)[PLACES[client][1]]["sora"]
    assert entry["command"] == sys.executable
    assert entry["args"] == ["-m", "sora_mcp"]
    assert entry["env"] == {"SORA_MCP_HOME": str(shell.home)}
    assert "sk-" not in file.read_text(encoding="utf-8")
    assert "sk-" not in result.err


@pytest.mark.parametrize("client", PLACES)
async def test_everything_else_in_the_configuration_stays_and_a_backup_is_left(
    shell: Terminal, client: str
) -> None:
    file, section = config_of(shell, client), PLACES[client][1]
    file.parent.mkdir(parents=True, exist_ok=True)
    before = {
        "theme": "dunkel – 猫",
        section: {
            "other": {"command": "other"},
            "sora": {"command": "old", "env": {"SORA_MCP_SIZE": "720x1280"}, "disabled": True},
        },
    }
    file.write_text(json.dumps(before), encoding="utf-8")
    result = await shell.run("install", client, "--json")
    assert result.code == Exit.OK, result.err
    after = read(file)
    assert after["theme"] == before["theme"]
    assert after[section]["other"] == {"command": "other"}
    assert after[section]["sora"]["disabled"] is True
    assert after[section]["sora"]["env"]["SORA_MCP_SIZE"] == "720x1280"
    assert after[section]["sora"]["command"] == sys.executable
    assert (result.json["changed"], result.json["path"]) == (True, str(file))
    assert read(Path(result.json["backup"])) == before


async def test_installing_again_changes_nothing(shell: Terminal) -> None:
    await shell.run("install", "cursor")
    folder = config_of(shell, "cursor").parent
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = await shell.run("install", "cursor", "--json")
    assert result.json["changed"] is False
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {',
        '// comments\n{"mcpServers": {}}',
        "[]",
        '{"mcpServers": []}',
        '{"mcpServers": {"sora": "x"}}',
    ],
)
async def test_a_configuration_that_is_not_understood_is_left_as_it_is(
    shell: Terminal, text: str
) -> None:
    file = config_of(shell, "cursor")
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    result = await shell.run("install", "cursor")
    assert (result.code, result.out) == (Exit.NOT_CONFIGURED, "")
    assert str(file) in result.err
    assert file.read_text(encoding="utf-8") == text
    assert list(file.parent.iterdir()) == [file]


async def test_a_configuration_that_is_a_link_stays_one(shell: Terminal) -> None:
    dotfiles = shell.folder / "dotfiles" / "mcp.json"
    dotfiles.parent.mkdir()
    dotfiles.write_text("{}", encoding="utf-8")
    link = config_of(shell, "cursor")
    link.parent.mkdir()
    link.symlink_to(dotfiles)
    await shell.run("install", "cursor")
    assert link.is_symlink()
    assert "sora" in read(dotfiles)["mcpServers"]


async def test_an_entry_that_would_not_start_is_not_written(shell: Terminal) -> None:
    file = config_of(shell, "cursor")
    file.parent.mkdir()
    text = json.dumps({"mcpServers": {"sora": {"command": "old", "cwd": "/no/such/folder"}}})
    file.write_text(text, encoding="utf-8")
    result = await shell.run("install", "cursor")
    assert (result.code, result.out) == (Exit.NOT_CONFIGURED, "")
    assert "/no/such/folder" in result.err or "No such file" in result.err
    assert file.read_text(encoding="utf-8") == text
    assert list(file.parent.iterdir()) == [file]


async def test_print_shows_the_entry_and_changes_nothing(shell: Terminal) -> None:
    result = await shell.run("install", "vscode", "--print")
    assert result.code == Exit.OK
    assert result.json["servers"]["sora"]["type"] == "stdio"
    assert not config_of(shell, "vscode").exists()


async def test_a_folder_that_cannot_be_written_ends_with_code_3(shell: Terminal) -> None:
    config_of(shell, "cursor").parent.write_text("a file in the way")
    result = await shell.run("install", "cursor")
    assert (result.code, result.out) == (Exit.NOT_CONFIGURED, "")
    assert ".cursor" in result.err


async def test_an_env_file_is_passed_on_to_the_server(shell: Terminal) -> None:
    (shell.folder / "studio.env").write_text("SORA_MCP_SIZE=256x256\n")
    result = await shell.run("install", "cursor", "--env-file", "studio.env", "--print")
    entry = result.json["mcpServers"]["sora"]
    assert entry["args"] == ["-m", "sora_mcp", "--env-file", str(shell.folder / "studio.env")]


async def test_the_entry_starts_a_server_that_has_tools(shell: Terminal) -> None:
    await shell.run("install", "claude-desktop")
    entry = read(config_of(shell, "claude-desktop"))["mcpServers"]["sora"]
    server = StdioServerParameters(
        command=entry["command"], args=entry["args"], env=entry["env"], cwd=shell.folder
    )
    with anyio.fail_after(60):
        async with Client(stdio_client(server)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
    assert "generate_video" in names
