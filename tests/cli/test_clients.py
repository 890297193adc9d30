"""Where MCP clients keep their configuration on each system."""

from pathlib import Path

import pytest

from sora_mcp.cli.clients import CLIENTS, configuration_file

HOME = Path("/people/ada")
WINDOWS = {"APPDATA": "/users/ada/roaming", "LOCALAPPDATA": "/users/ada/local"}


@pytest.mark.parametrize(
    ("client", "platform", "environ", "expected"),
    [
        (
            "claude-desktop",
            "darwin",
            {},
            "/people/ada/Library/Application Support/Claude/claude_desktop_config.json",
        ),
        (
            "claude-desktop",
            "win32",
            WINDOWS,
            "/users/ada/roaming/Claude/claude_desktop_config.json",
        ),
        (
            "claude-desktop",
            "win32",
            {},
            "/people/ada/AppData/Roaming/Claude/claude_desktop_config.json",
        ),
        ("claude-desktop", "linux", {}, "/people/ada/.config/Claude/claude_desktop_config.json"),
        (
            "claude-desktop",
            "linux",
            {"XDG_CONFIG_HOME": "/etc/ada"},
            "/etc/ada/Claude/claude_desktop_config.json",
        ),
        (
            "claude-desktop",
            "linux",
            {"XDG_CONFIG_HOME": "not/absolute"},
            "/people/ada/.config/Claude/claude_desktop_config.json",
        ),
        ("claude-code", "darwin", {}, "/people/ada/.claude.json"),
        ("claude-code", "win32", WINDOWS, "/people/ada/.claude.json"),
        (
            "claude-code",
            "linux",
            {"CLAUDE_CONFIG_DIR": "/people/ada/claude"},
            "/people/ada/claude/.claude.json",
        ),
        ("cursor", "darwin", {}, "/people/ada/.cursor/mcp.json"),
        ("cursor", "win32", WINDOWS, "/people/ada/.cursor/mcp.json"),
        ("cursor", "linux", {"XDG_CONFIG_HOME": "/etc/ada"}, "/people/ada/.cursor/mcp.json"),
        ("vscode", "darwin", {}, "/people/ada/Library/Application Support/Code/User/mcp.json"),
        ("vscode", "win32", WINDOWS, "/users/ada/roaming/Code/User/mcp.json"),
        ("vscode", "linux", {}, "/people/ada/.config/Code/User/mcp.json"),
    ],
)
def test_each_client_has_its_place_on_each_system(
    client: str, platform: str, environ: dict[str, str], expected: str
) -> None:
    assert configuration_file(CLIENTS[client], platform, HOME, environ) == Path(expected)


def test_a_packaged_claude_desktop_on_windows_reads_a_file_of_its_own(tmp_path: Path) -> None:
    roaming = tmp_path / "Packages" / "Claude_pzs8sxrjxfjjc" / "LocalCache" / "Roaming"
    roaming.mkdir(parents=True)
    environ = {"APPDATA": str(tmp_path / "roaming"), "LOCALAPPDATA": str(tmp_path)}
    found = {
        name: configuration_file(CLIENTS[name], "win32", tmp_path, environ)
        for name in ("claude-desktop", "vscode")
    }
    assert found["claude-desktop"] == roaming / "Claude" / "claude_desktop_config.json"
    assert found["vscode"] == tmp_path / "roaming" / "Code" / "User" / "mcp.json"
