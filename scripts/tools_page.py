"""docs/tools.md, from the definitions that the server gives its clients."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from mcp.types import Tool

from sora_mcp.app import open_app
from sora_mcp.server.build import build_server
from sora_mcp.settings import Settings
from sora_mcp.videos.models import Variant

INTRODUCTION = """\
# Tools

What an MCP client reads in `tools/list`, for people. Every result also has one sentence for a
person, the same data as JSON text, and a link to each finished file. Fields that are not known are
left out. A parameter that is not listed is refused before anything is sent.

This page is written by `scripts/generate.py`.
"""

HINTS = {
    "read_only_hint": "read-only",
    "destructive_hint": "destructive",
    "idempotent_hint": "idempotent",
    "open_world_hint": "open world",
}


def tool_definitions() -> list[Tool]:
    """The tools of a server with the embedded engine."""

    async def listed() -> list[Tool]:
        with TemporaryDirectory() as folder:
            home = Path(folder)
            settings = Settings(home=home, library=home / "library", engine="embedded")
            async with open_app(settings) as app:
                server = build_server(app, share_paths=True, link=_no_link)
                return await server.list_tools()

    return anyio.run(listed)


def _no_link(video_id: str, variant: Variant) -> None:
    return None


def tools_page(tools: list[Tool]) -> str:
    """The text of docs/tools.md."""
    first_with: dict[str, str] = {}
    sections = [INTRODUCTION]
    for tool in tools:
        schema = str(tool.output_schema)
        other = first_with.setdefault(schema, tool.name)
        result = _fields(tool) if other == tool.name else f"as [`{other}`](#{other})"
        sections.append(
            "\n".join(
                [
                    f"## {tool.name}",
                    "",
                    f"**{tool.title}.** {tool.description}",
                    "",
                    *_parameters(tool),
                    f"Result: {result}.",
                    "",
                    f"Hints: {_hints(tool)}.",
                    "",
                ]
            )
        )
    return "\n".join(sections)


def _parameters(tool: Tool) -> list[str]:
    properties: dict[str, dict[str, Any]] = tool.input_schema["properties"]
    if not properties:
        return ["No parameters.", ""]
    required: list[str] = tool.input_schema.get("required", [])
    rows = [
        f"| `{name}` | {_type(schema)} | {_default(schema, required=name in required)} "
        f"| {schema['description'].replace('|', chr(92) + '|')} |"
        for name, schema in properties.items()
    ]
    return ["| parameter | type | default | meaning |", "|---|---|---|---|", *rows, ""]


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}s"
    return schema["type"]


def _default(schema: dict[str, Any], *, required: bool) -> str:
    if required:
        return "**required**"
    value = schema.get("default", "–")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(tool: Tool) -> str:
    schema = tool.output_schema or {}
    always: list[str] = schema.get("required", [])
    return ", ".join(
        f"`{name}` ({_type(field)}{', always' if name in always else ''})"
        for name, field in schema["properties"].items()
    )


def _hints(tool: Tool) -> str:
    told = tool.annotations.model_dump() if tool.annotations else {}
    return ", ".join(f"{words}: {'yes' if told[name] else 'no'}" for name, words in HINTS.items())
