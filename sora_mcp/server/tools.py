"""The ten tools: read the call, ask the service, show the result."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, ImageContent, InputRequiredResult, ToolAnnotations

from sora_mcp.app import App
from sora_mcp.server import parameters as p
from sora_mcp.server.confirm import ask_person
from sora_mcp.server.deadline import Deadline
from sora_mcp.server.outputs import Deleted, EngineData, FileData, VideoData, VideoList
from sora_mcp.server.owners import current_owner
from sora_mcp.server.player import PLAYER_META
from sora_mcp.server.present import (
    Link,
    Presenter,
    base64_text,
    engine_data,
    planned,
    tool_result,
)
from sora_mcp.server.progress import HEARTBEAT_SECONDS, Progress, every, follow
from sora_mcp.server.schemas import input_schema, output_schema
from sora_mcp.server.wording import PREVIEW, cost
from sora_mcp.videos.errors import LedgerBroke, LedgerError
from sora_mcp.videos.lifecycle import ACTIVE, BAD_ENDS
from sora_mcp.videos.models import Job, Page, Variant
from sora_mcp.videos.planning import Plan
from sora_mcp.videos.service import VideoService
from sora_mcp.videos.spending import EMBEDDED

_REPEATED = (
    "This request was made before (same idempotency_key, or the same call a moment ago, whose "
    "answer was lost); this is its video, nothing new was started."
)

Ctx = Context[Any, Any]
MadeVideo = Annotated[CallToolResult, VideoData] | InputRequiredResult
ShownVideo = Annotated[CallToolResult, VideoData]


class Tools:
    """What each tool does. The docstrings are what models read."""

    def __init__(self, app: App, *, share_paths: bool, link: Link) -> None:
        self._app = app
        self._share_paths = share_paths
        self._link = link

    def all(self) -> list[Tool]:
        """The tools in the order in which clients list them."""
        return [
            _tool(self.generate_video, "Generate a video", player=True),
            _tool(self.remix_video, "Remix a video", player=True),
            _tool(self.extend_video, "Extend a video", player=True),
            _tool(self.get_video_status, "Get a video's status", read_only=True),
            _tool(self.download_video, "Download or copy a video"),
            _tool(
                self.view_video, "Look at a video", player=True, read_only=True, open_world=False
            ),
            _tool(self.join_videos, "Join videos", player=True, open_world=False),
            _tool(self.list_videos, "List videos", read_only=True, open_world=False),
            _tool(self.delete_video, "Delete a video", destructive=True),
            _tool(self.get_engine, "Get the engine", read_only=True),
        ]

    async def generate_video(
        self,
        ctx: Ctx,
        prompt: p.Prompt,
        model: p.Model = "",
        size: p.Size = "",
        seconds: p.Seconds = None,
        input_reference: p.Reference = "",
        reference_fit: p.ReferenceFit = "cover",
        options: p.Options | None = None,
        max_cost_usd: p.MaxCost = None,
        dry_run: p.DryRun = False,
        idempotency_key: p.IdempotencyKey = "",
        wait_seconds: p.WaitSeconds = 0,
    ) -> MadeVideo:
        """Start a new video from words, and perhaps a first frame. Answers as soon as the engine
        has taken the job; then call get_video_status until it is completed. Never call it again
        for a video whose status is unknown: ask the user."""
        return await self._make(
            ctx,
            lambda videos: videos.plan.generate(
                current_owner(),
                prompt=prompt,
                model=model or None,
                size=size or None,
                seconds=seconds,
                input_reference=input_reference or None,
                reference_fit=reference_fit,
                options=options,
                max_cost_usd=max_cost_usd,
                idempotency_key=idempotency_key or None,
            ),
            wait_seconds,
            dry_run=dry_run,
        )

    async def remix_video(
        self,
        ctx: Ctx,
        video_id: p.VideoId,
        prompt: p.Change,
        max_cost_usd: p.MaxCost = None,
        dry_run: p.DryRun = False,
        idempotency_key: p.IdempotencyKey = "",
        wait_seconds: p.WaitSeconds = 0,
    ) -> MadeVideo:
        """Make a finished video again with one change. Starts a new job, as generate_video does."""
        return await self._make(
            ctx,
            lambda videos: videos.plan.remix(
                current_owner(),
                video_id=video_id,
                prompt=prompt,
                max_cost_usd=max_cost_usd,
                idempotency_key=idempotency_key or None,
            ),
            wait_seconds,
            dry_run=dry_run,
        )

    async def extend_video(
        self,
        ctx: Ctx,
        video_id: p.VideoId,
        prompt: p.Continuation,
        seconds: p.Seconds = None,
        max_cost_usd: p.MaxCost = None,
        dry_run: p.DryRun = False,
        idempotency_key: p.IdempotencyKey = "",
        wait_seconds: p.WaitSeconds = 0,
    ) -> MadeVideo:
        """Continue a finished video: `seconds` are added at its end. Starts a new job, as
        generate_video does."""
        return await self._make(
            ctx,
            lambda videos: videos.plan.extend(
                current_owner(),
                video_id=video_id,
                prompt=prompt,
                seconds=seconds,
                max_cost_usd=max_cost_usd,
                idempotency_key=idempotency_key or None,
            ),
            wait_seconds,
            dry_run=dry_run,
        )

    async def get_video_status(
        self, ctx: Ctx, video_id: p.VideoId, wait_seconds: p.WaitSeconds = 25
    ) -> ShownVideo:
        """See how a video is doing, and where its files are once it is completed. Waits until it
        is final or the time is up; call it again while it is queued or in_progress."""
        deadline = Deadline(wait_seconds)
        videos = await self._app.videos()
        with deadline.limit():
            job = await videos.get(current_owner(), video_id)
        if job.status in ACTIVE and deadline.wait > 0:
            job = await follow(videos, ctx, job, deadline)
        return await self._presenter(videos).result(job, notes=[deadline.note])

    async def download_video(
        self,
        video_id: p.VideoId,
        variant: p.ChosenVariant = "video",
        save_as: p.SaveAs = "",
    ) -> Annotated[CallToolResult, FileData]:
        """Get a copy of a finished video, one of its images, or fetch a file again. Not needed
        after completion: a finished video is already saved, and its status names the file."""
        deadline = Deadline()
        videos = await self._app.videos()
        with deadline.limit():
            job, file = await videos.download(
                current_owner(),
                video_id,
                Variant(variant),
                save_as or None,
                timeout=deadline.left - 1,
            )
        presenter = self._presenter(videos)
        data = await presenter.file(job, file)
        kept = "A copy of" if save_as else "The file of"
        where = data.get("path") or data.get("url") or data["uri"]
        text = f"{kept} {job.id} ({variant}) is here: {where}. Show it to the person."
        return tool_result(text, data, more=[presenter.resource_link(job, file)])

    async def view_video(self, video_id: p.VideoId, frames: p.Frames = 6) -> ShownVideo:
        """Look at a finished video: one picture of several moments with their times. Use it to
        check a clip before showing, remixing or joining it."""
        videos = await self._app.videos()
        with Deadline().limit():
            job, sheet = await videos.view(current_owner(), video_id, frames)
        presenter = self._presenter(videos)
        moments = ", ".join(f"{moment:.1f}" for moment in sheet.timestamps)
        text = (
            f"{job.id} at {moments} s, in reading order. "
            "If something is wrong, call remix_video with what to change."
        )
        picture = ImageContent(
            type="image", data=base64_text(sheet.jpeg), mime_type=Variant.SPRITESHEET.mime_type
        )
        data = await presenter.video(job)
        return tool_result(text, data, more=[picture, *presenter.links(job)])

    async def join_videos(
        self,
        ctx: Ctx,
        video_ids: p.VideoIds,
        title: p.Title = "",
        wait_seconds: p.WaitSeconds = 0,
    ) -> MadeVideo:
        """Play finished videos one after the other as one new video. Made here, free of charge;
        a job like any other."""
        return await self._make(
            ctx,
            lambda videos: videos.plan.join(
                current_owner(), video_ids=video_ids, title=title or None
            ),
            wait_seconds,
        )

    async def list_videos(
        self,
        ctx: Ctx,
        status: p.StatusFilter = "all",
        query: p.Query = "",
        limit: p.Limit = 20,
        after: p.After = "",
        wait_seconds: p.ListWait = 0,
    ) -> Annotated[CallToolResult, VideoList]:
        """Find videos, newest first; also those of earlier conversations."""
        deadline = Deadline(wait_seconds)
        videos = await self._app.videos()

        async def page() -> Page:
            return await videos.list(
                current_owner(),
                status=status,
                query=query or None,
                limit=limit,
                after=after or None,
            )

        found = await page()
        active = [job for job in found.jobs if job.status in ACTIVE]
        if active and deadline.wait > 0:
            await _wait_for_change(videos, ctx, active, deadline.wait)
            found = await page()
        presenter = self._presenter(videos)
        data: VideoList = {"videos": [await presenter.entry(job) for job in found.jobs]}
        text = f"{len(found.jobs)} video{'' if len(found.jobs) == 1 else 's'}."
        if found.next_after is not None:
            data["next_after"] = found.next_after
            text += f" There are more: call list_videos with after={found.next_after}."
        elif found.jobs:
            text += " Call get_video_status with a video_id for the details."
        else:
            text += " Call generate_video to make one."
        return tool_result(" ".join(filter(None, [text, deadline.note])), data)

    async def delete_video(
        self, video_id: p.VideoId, keep_files: p.KeepFiles = False
    ) -> Annotated[CallToolResult, Deleted]:
        """Delete a video and its files for good. An active job is cancelled where its host can do
        that; otherwise it is no longer followed, and its charge may stand."""
        deadline = Deadline()
        videos = await self._app.videos()
        deletion = await videos.delete(
            current_owner(), video_id, keep_files=keep_files, timeout=deadline.left
        )
        done = "is deleted" if deletion.finished else "is being deleted"
        kept = "Its files are kept." if deletion.files_kept else None
        text = " ".join(filter(None, [f"{deletion.video_id} {done}.", kept, *deletion.notes]))
        data: Deleted = {
            "video_id": deletion.video_id,
            "deleted": True,
            "files_kept": deletion.files_kept,
        }
        return tool_result(text, data)

    async def get_engine(self) -> Annotated[CallToolResult, EngineData]:
        """See which engine makes the videos: its models, sizes, lengths, options, prices, today's
        spending, and the folders that can be used."""
        videos = await self._app.videos()
        with Deadline().limit():
            report = await videos.engine_report(current_owner())
        data = engine_data(report)
        what = PREVIEW if data["name"] == EMBEDDED else "Call generate_video to use it."
        return tool_result(f"The engine is {data['name']}. {what}", data)

    async def _make(
        self,
        ctx: Ctx,
        planning: Callable[[VideoService], Awaitable[Plan]],
        wait_seconds: float,
        *,
        dry_run: bool = False,
    ) -> CallToolResult | InputRequiredResult:
        """Plan, ask if need be, start, and see what becomes of it."""
        deadline = Deadline(wait_seconds)
        videos = await self._app.videos()
        with deadline.limit():
            plan = await planning(videos)
        if dry_run:
            return tool_result(_dry_run_text(plan), planned(plan))
        if plan.must_confirm:
            answer = await ask_person(ctx, plan, deadline)
            if isinstance(answer, InputRequiredResult):
                return answer
            plan = answer
        # From here on the client may go: what it asked for is in the ledger, whole or not at all.
        job = plan.job
        with anyio.CancelScope(shield=True):
            job = await videos.start(plan)
        repeated = job.id != plan.job.id
        try:
            job = await follow(videos, ctx, job, deadline, submitted=True)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await videos.mark_unheard(job)
            raise
        except LedgerError as error:
            raise LedgerBroke(job.id) from error
        notes = [_REPEATED if repeated else None, deadline.note]
        failed = job.status in BAD_ENDS
        return await self._presenter(videos).result(job, notes=notes, failed=failed)

    def _presenter(self, videos: VideoService) -> Presenter:
        return Presenter(videos, self._share_paths, self._link)


async def _wait_for_change(
    videos: VideoService, ctx: Ctx, active: list[Job], seconds: float
) -> None:
    progress = Progress(ctx)

    async def tell() -> None:
        await progress.report(0, f"watching {len(active)} active videos")

    async with every(HEARTBEAT_SECONDS, tell):
        await videos.wait_for_change(active, seconds)
    await tell()


def _dry_run_text(plan: Plan) -> str:
    ask = "The person will be asked first." if plan.must_confirm else None
    parts = [
        "Nothing was sent.",
        plan.warning,
        cost(plan.estimate),
        ask,
        "Call again without dry_run to make it.",
    ]
    return " ".join(filter(None, parts))


def _tool(
    function: Callable[..., Awaitable[object]],
    title: str,
    *,
    player: bool = False,
    read_only: bool = False,
    destructive: bool = False,
    open_world: bool = True,
) -> Tool:
    """A tool with schemas as small as they can be said; `player`: chats show its results in it."""
    tool = Tool.from_function(
        function,
        title=title,
        description=" ".join((inspect.getdoc(function) or "").split()),
        annotations=ToolAnnotations(
            read_only_hint=read_only,
            destructive_hint=destructive,
            idempotent_hint=read_only or destructive,
            open_world_hint=open_world,
        ),
        meta=PLAYER_META if player else None,
    )
    tool.parameters = input_schema(tool.parameters)
    published = tool.fn_metadata.output_schema
    tool.fn_metadata.output_schema = output_schema(published) if published else None
    return tool
