"""What the conformance suite wants to be offered: tools, resources and prompts of fixed content."""

import base64
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

Ctx = Context[Any, Any]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIA"
    "X8jx0gAAAABJRU5ErkJggg=="
)
"""One pixel."""

WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
"""One sample."""

STEP_SECONDS = 0.05
"""Between the notifications of a tool, so that they arrive one by one."""

_SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def offer_content(server: MCPServer[Any]) -> None:
    """Add what has fixed content."""
    for tool in (
        greet,
        json_schema_2020_12_tool,
        test_simple_text,
        test_image_content,
        test_audio_content,
        test_embedded_resource,
        test_multiple_content_types,
        test_error_handling,
        test_tool_with_progress,
        test_custom_header,
        test_missing_capability,
        test_trigger_tool_change,
        test_trigger_prompt_change,
    ):
        server.tool(structured_output=False)(tool)
    for uri, mime_type, resource in (
        ("test://static-text", "text/plain", static_text),
        ("test://static-binary", "image/png", static_binary),
        ("test://watched-resource", "text/plain", watched_resource),
        ("test://template/{item}/data", "application/json", template),
    ):
        server.resource(uri, mime_type=mime_type)(resource)
    for prompt in (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
    ):
        server.prompt()(prompt)


def with_whole_schema(tools: list[Any]) -> list[Any]:
    """The listed tools, that of JSON Schema with every keyword: signatures cannot say them all."""
    return [
        {**tool, "inputSchema": _SCHEMA_2020_12}
        if tool["name"] == json_schema_2020_12_tool.__name__
        else tool
        for tool in tools
    ]


def _text(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


def greet(name: str) -> str:
    """Answers at once: never a task."""
    return f"Hello, {name}!"


def json_schema_2020_12_tool() -> str:
    """Has a schema with keywords that must survive."""
    return "ok"


def test_simple_text() -> str:
    """Text."""
    return "This is a simple text response for testing."


def test_image_content() -> ContentBlock:
    """An image."""
    return _image()


def test_audio_content() -> ContentBlock:
    """Sound."""
    return AudioContent(type="audio", data=WAV, mime_type="audio/wav")


def test_embedded_resource() -> ContentBlock:
    """A resource in a result."""
    return _text("test://embedded-resource", "text/plain", "This is an embedded resource content.")


def test_multiple_content_types() -> list[ContentBlock]:
    """Text, an image and a resource."""
    return [
        TextContent(type="text", text="Multiple content types test:"),
        _image(),
        _text("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ]


def test_error_handling() -> str:
    """Always fails."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Ctx) -> str:
    """Tells how far it is, three times."""
    for percent in (0, 50, 100):
        await ctx.report_progress(percent, 100, f"Completed step {percent} of 100")
        await anyio.sleep(STEP_SECONDS)
    return "done"


def test_custom_header(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """Has a parameter that a header repeats."""
    return region


def test_missing_capability(ctx: Ctx) -> str:
    """Needs a client that can sample."""
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs sampling.",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return "ok"


async def test_trigger_tool_change(ctx: Ctx) -> str:
    """Says that the tools have changed."""
    await ctx.notify_tools_changed()
    return "ok"


async def test_trigger_prompt_change(ctx: Ctx) -> str:
    """Says that the prompts have changed."""
    await ctx.notify_prompts_changed()
    return "ok"


def static_text() -> str:
    """Text."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """Bytes."""
    return base64.b64decode(PNG)


def watched_resource() -> str:
    """Something to subscribe to."""
    return "Watched resource content"


def template(item: str) -> str:
    """Depends on its URI."""
    return f'{{"id":"{item}","templateTest":true,"data":"Data for ID: {item}"}}'


def test_simple_prompt() -> str:
    """No arguments."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803  # the suite's name
    """A resource in a prompt."""
    return [
        UserMessage(_text(resourceUri, "text/plain", "Embedded resource content for testing.")),
        UserMessage("Please process the embedded resource above."),
    ]


def test_prompt_with_image() -> list[Message]:
    """An image in a prompt."""
    return [UserMessage(_image()), UserMessage("Please analyze the image above.")]
