"""The MCP server: everything a client can reach, on whatever transport."""

import logging
from collections.abc import Iterable
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer, RequestStateSecurity
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    Resource,
    TextContent,
)
from pydantic import AnyUrl

from sora_mcp import __version__
from sora_mcp.app import App, engine_names, has_access_control
from sora_mcp.server.arguments import read_arguments
from sora_mcp.server.freshness import HINTS, no_stale_records
from sora_mcp.server.keys import derived_keys
from sora_mcp.server.limits import ConcurrencyLimit, no_large_message
from sora_mcp.server.player import player
from sora_mcp.server.present import Link, Presenter, for_events, tool_result
from sora_mcp.server.prompts import register_prompts
from sora_mcp.server.resources import Resources, resource_error
from sora_mcp.server.scopes import Scopes
from sora_mcp.server.subscriptions import Connection, Subscriptions
from sora_mcp.server.tasks import Tasks
from sora_mcp.server.tools import Tools
from sora_mcp.server.video_tasks import VideoTasks
from sora_mcp.server.wording import failure_text
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.spending import EMBEDDED

log = logging.getLogger(__name__)


class SoraServer(MCPServer[Connection]):
    """The SDK's server, with arguments read and errors told in our words."""

    def __init__(self, app: App, *, share_paths: bool, link: Link) -> None:
        tools = Tools(app, share_paths=share_paths, link=link)
        subscriptions = Subscriptions(app)
        own = tools.all()
        self.tasks = Tasks(VideoTasks(app, share_paths=share_paths, link=link))
        self.scopes = Scopes(tool.name for tool in own if _is_read_only(tool))
        super().__init__(
            "sora-mcp",
            title="Sora MCP",
            description="Makes videos through any host that speaks the OpenAI Videos API.",
            instructions=_instructions(app.settings),
            version=__version__,
            tools=own,
            extensions=[player(app.settings), self.tasks],
            lifespan=subscriptions.lifespan,
            subscriptions=subscriptions.bus,
            request_state_security=RequestStateSecurity(
                keys=derived_keys(app.settings, "request state")
            ),
            cache_hints=HINTS,
            middleware=[
                *_limits(app.settings),
                no_large_message,
                subscriptions.remember,
                no_stale_records,
                self._note_answer,
            ],
        )
        self.forward_changes = subscriptions.forward
        self.first_answer = anyio.Event()
        app.describe = for_events(link)
        self._app = app
        self._share_paths = share_paths
        self._link = link
        self._parameters = {tool.name: tool.parameters for tool in own}
        self._videos = Resources(app, share_paths=share_paths, link=link)
        self._videos.register(self)
        register_prompts(self, app)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Connection, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; whatever can be expected to go wrong comes back as a tool error."""
        parameters = self._parameters.get(name)
        if parameters is None:
            return await super().call_tool(name, arguments, context)
        try:
            read = read_arguments(name, parameters, arguments)
            result = await super().call_tool(name, read, context)
        except SoraError as error:
            result = await self._failure(error)
        except ToolError as error:
            # The SDK wraps what a tool raises; our own errors are in its cause.
            if isinstance(error.__cause__, SoraError):
                result = await self._failure(error.__cause__)
            else:
                log.exception("Tool %s failed unexpectedly", name)
                result = _unexpected(name)
        if isinstance(result, CallToolResult):
            notes = [TextContent(type="text", text=note) for note in self._app.take_first_notes()]
            result.content.extend(notes)
        return result

    async def _failure(self, error: SoraError) -> CallToolResult:
        text = failure_text(error)
        if error.job is None:
            return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
        presenter = Presenter(await self._app.videos(), self._share_paths, self._link)
        return tool_result(text, await presenter.video(error.job), is_error=True)

    async def list_resources(self) -> list[Resource]:
        """The fixed resources and the newest finished videos."""
        return [*await super().list_resources(), *await self._videos.listed()]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Connection, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource; our errors keep their words."""
        try:
            return await super().read_resource(uri, context)
        except ResourceError as error:
            cause = error.__cause__
            if isinstance(cause, SoraError):
                raise resource_error(cause) from cause
            raise

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Connection, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """A prompt; an unknown name or a missing argument is the caller's error, in our words."""
        known = {prompt.name: prompt for prompt in await self.list_prompts()}
        if name not in known:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt {name!r}. There is {', '.join(known)}.")
        takes = {item.name: bool(item.required) for item in known[name].arguments or ()}
        given = {item: value for item, value in (arguments or {}).items() if value}
        missing = [item for item, required in takes.items() if required and item not in given]
        unknown = [item for item in given if item not in takes]
        if missing or unknown:
            raise MCPError(INVALID_PARAMS, f"The prompt {name} takes {_listed(takes)}.")
        return await super().get_prompt(name, given, context)

    async def _note_answer(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Middleware: work that can wait (`first_answer`) does not slow the first answer down."""
        result = await call_next(ctx)
        self.first_answer.set()
        return result


def build_server(app: App, *, share_paths: bool, link: Link) -> SoraServer:
    """The MCP server of an app. Logging has to be configured before: the SDK sets it up otherwise.

    `share_paths`: whether results name files by their path on this machine.
    `link`: the web address of a video's file, or None where no HTTP server serves it.
    """
    return SoraServer(app, share_paths=share_paths, link=link)


def _instructions(settings: Settings) -> str:
    default, *others = engine_names(settings)
    what = (
        "the embedded engine: local previews, not AI video"
        if default == EMBEDDED
        else f"the Videos API at {default}"
    )
    if others:
        what += f" (also {', '.join(others)}: write model as engine/model)"
    return (
        f"Makes videos with {what}. Start one with generate_video, remix_video, extend_video or "
        "join_videos; then call get_video_status with its video_id and wait_seconds=25 until the "
        "status is completed; its files are saved and named in the result. Look at a clip with "
        "view_video. Never start a video again whose status is unknown: ask the user."
    )


def _limits(settings: Settings) -> list[ConcurrencyLimit]:
    """Of each owner's use; without access control nobody has a name, and there are none."""
    if has_access_control(settings):
        return [ConcurrencyLimit(settings.max_concurrent_requests)]
    return []


def _is_read_only(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _listed(takes: dict[str, bool]) -> str:
    return ", ".join(name if needed else f"{name} (optional)" for name, needed in takes.items())


def _unexpected(tool: str) -> CallToolResult:
    text = (
        f"{tool} failed for a reason that only the server's log tells. What was started is in "
        "list_videos: look there before calling it again. It may have been charged."
    )
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
