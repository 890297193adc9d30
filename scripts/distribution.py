"""How sora-mcp is handed out: its entry in the MCP registry, the manifest of its bundle, links."""

import base64
import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote

from mcp.types import Tool
from project import PROJECT
from pydantic import SecretStr
from settings_page import GROUPS, kinds_of, meaning_of, variable_of

from sora_mcp.settings import Settings

REGISTRY_NAME = "io.github.sora-mcp/sora-mcp"
"""The name in the MCP registry; its first part has to be the account that publishes."""

TITLE = "Sora MCP"
SUMMARY = (
    "Makes videos through any host that speaks the OpenAI Videos API, or previews without one."
)

HERE = "${__dirname}"
"""What a host replaces by the folder that it has unpacked the bundle into."""

FOR_SERVERS = ("HTTP", "Webhooks")
"""Groups of settings that a server on a client's own machine has no use for."""

FORM: dict[str, dict[str, Any]] = {
    "base_url": {
        "type": "string",
        "title": "Host",
        "description": "Base URL of a Videos API, such as https://openrouter.ai/api/v1. "
        "Leave it empty for local previews.",
    },
    "api_key": {
        "type": "string",
        "title": "Key",
        "description": "The host's key. It is sent to that host only.",
        "sensitive": True,
    },
    "model": {
        "type": "string",
        "title": "Model",
        "description": "Model of new videos, such as google/veo-3.1-fast.",
    },
    "size": {
        "type": "string",
        "title": "Size",
        "description": "Size of new videos, such as 1280x720.",
    },
    "library": {
        "type": "directory",
        "title": "Library",
        "description": "Folder for finished videos. Left empty: sora-mcp in your videos folder.",
    },
    "input_dirs": {
        "type": "directory",
        "title": "Images",
        "description": "Folder with images that may be used as first frames.",
    },
    "daily_budget_usd": {
        "type": "number",
        "title": "Daily budget in USD",
        "description": "Most that may be spent in a day.",
        "min": 0,
    },
}
"""What the bundle asks for when it is installed, by setting."""


def registry_entry() -> str:
    """The text of server.json."""
    variables = [
        _variable(name)
        for group, names in GROUPS.items()
        if group not in FOR_SERVERS
        for name in names
    ]
    return _json(
        {
            "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
            "name": REGISTRY_NAME,
            "title": TITLE,
            "description": SUMMARY,
            "version": PROJECT["version"],
            "packages": [
                {
                    "registryType": "pypi",
                    "identifier": PROJECT["name"],
                    "version": PROJECT["version"],
                    "runtimeHint": "uvx",
                    "transport": {"type": "stdio"},
                    "environmentVariables": variables,
                }
            ],
        }
    )


def _variable(name: str) -> dict[str, Any]:
    field = Settings.model_fields[name]
    kinds = kinds_of(field.annotation)
    variable: dict[str, Any] = {"name": variable_of(name), "description": meaning_of(name)}
    if int in kinds or float in kinds:
        variable["format"] = "number"
    elif Path in kinds:
        variable["format"] = "filepath"
    if get_origin(field.annotation) is Literal:
        variable |= {"choices": list(get_args(field.annotation)), "default": str(field.default)}
    if SecretStr in kinds:
        variable["isSecret"] = True
    return variable


def bundle_manifest(tools: list[Tool]) -> str:
    """The text of packaging/mcpb/manifest.json."""
    return _json(
        {
            "manifest_version": "0.4",
            "name": PROJECT["name"],
            "display_name": TITLE,
            "version": PROJECT["version"],
            "description": SUMMARY,
            "author": {"name": "the sora-mcp authors"},
            "server": {
                "type": "uv",
                "entry_point": "server.py",
                # Hosts put a uv of their own in the place of the command and keep the arguments.
                "mcp_config": {
                    "command": "uv",
                    "args": ["run", "--project", HERE, f"{HERE}/server.py"],
                    "env": {variable_of(name): f"${{user_config.{name}}}" for name in FORM},
                },
            },
            "user_config": {
                name: {"required": False, **question} for name, question in FORM.items()
            },
            "tools": [{"name": tool.name, "description": tool.description} for tool in tools],
            "prompts_generated": True,
            "keywords": PROJECT["keywords"],
            "license": PROJECT["license"],
            "compatibility": {
                "platforms": ["darwin", "win32", "linux"],
                "runtimes": {"python": PROJECT["requires-python"]},
            },
        }
    )


def install_links() -> str:
    """The links that enter the published server into a client."""
    entry = {"command": "uvx", "args": [PROJECT["name"]]}
    config = base64.b64encode(_compact(entry).encode()).decode()
    cursor = f"https://cursor.com/en/install-mcp?name=sora&config={quote(config, safe='')}"
    install = "vscode:mcp/install?" + quote(
        _compact({"name": "sora", "type": "stdio", **entry}), safe=""
    )
    vscode = f"https://vscode.dev/redirect?url={quote(install, safe='')}"
    return f"[Add to Cursor]({cursor}) · [Install in VS Code]({vscode})\n"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
