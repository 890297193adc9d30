"""From our records to what a client sees: structured content, a sentence, links.

The one place that turns jobs and errors into MCP results. Texts that come from an engine or a
prompt are quoted as data; nothing here follows them.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, cast

from mcp.types import (
    Annotations,
    CallToolResult,
    ContentBlock,
    ResourceLink,
    TextContent,
)

from sora_mcp.server.outputs import EngineData, FileData, VideoData
from sora_mcp.server.player import ELAPSED_SECONDS, EXPECTED_SECONDS
from sora_mcp.server.wording import next_call, sentence
from sora_mcp.videos.lifecycle import ACTIVE, shown_status
from sora_mcp.videos.models import EngineFacts, File, Job, Operation, Variant
from sora_mcp.videos.planning import Plan
from sora_mcp.videos.reports import EngineReport
from sora_mcp.videos.service import VideoService

Link = Callable[[str, Variant], str | None]
"""The web address of a video's file, or None when no HTTP server serves it."""

_SHORT_PROMPT = 120
_PROMPT = 200


def video_uri(video_id: str, variant: Variant | None = None) -> str:
    """The resource URI of a video's record, or of one of its files."""
    file = f"/{variant.file_name}" if variant else ""
    return f"sora://videos/{video_id}{file}"


def compact_json(data: object) -> str:
    """JSON without spaces, letters as they are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def base64_text(data: bytes) -> str:
    """Bytes as a message carries them."""
    return base64.b64encode(data).decode("ascii")


def iso(moment: datetime) -> str:
    """UTC to the second, such as `2026-11-20T09:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tool_result(
    text: str,
    data: Mapping[str, Any],
    *,
    more: Sequence[ContentBlock] = (),
    meta: Mapping[str, Any] | None = None,
    is_error: bool = False,
) -> CallToolResult:
    """A sentence for a person, the compact JSON, and what else there is to see.

    `meta`: what only programs are told.
    """
    return CallToolResult(
        content=[
            TextContent(type="text", text=text),
            TextContent(type="text", text=compact_json(data)),
            *more,
        ],
        structured_content=dict(data),
        is_error=is_error,
        _meta=dict(meta) if meta else None,
    )


def without_absent(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that there are: nothing is ever shown as null."""
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Presenter:
    """Shows jobs and files to one kind of client."""

    videos: VideoService
    share_paths: bool
    link: Link

    async def result(
        self, job: Job, *, notes: Sequence[str | None] = (), failed: bool = False
    ) -> CallToolResult:
        """A job as the result of a call; as an error when the call was to make it and it failed."""
        data = await self.video(job)
        place = next((file.get("path") or file["uri"] for file in data.get("files", ())), None)
        text = " ".join(filter(None, [sentence(job, place), *job.notes, *notes, data.get("next")]))
        meta = await self._pace(job) if job.status in ACTIVE else None
        return tool_result(text, data, more=self.links(job), meta=meta, is_error=failed)

    async def _pace(self, job: Job) -> dict[str, Any]:
        elapsed = datetime.now(UTC) - (job.submitted_at or job.created_at)
        return without_absent(
            {
                ELAPSED_SECONDS: round(elapsed.total_seconds(), 1),
                EXPECTED_SECONDS: await self.videos.expected_seconds(job),
            }
        )

    async def video(self, job: Job, *, whole_prompt: bool = False) -> VideoData:
        """A job as structured content."""
        files = sorted(job.files, key=lambda file: list(Variant).index(file.variant))
        values = {
            "video_id": job.id,
            "status": shown_status(job.status),
            "progress": int(job.progress),
            "operation": job.operation.value,
            "prompt": job.prompt if whole_prompt else job.prompt[:_PROMPT],
            "model": job.model,
            "size": job.size,
            "seconds": _plain(job.seconds),
            "engine": job.engine,
            "source_video_id": _source(job),
            "emulated": job.emulated or None,
            "created_at": iso(job.created_at),
            "completed_at": job.completed_at and iso(job.completed_at),
            "expires_at": job.expires_at and iso(job.expires_at),
            "estimated_cost_usd": _plain(job.estimated_cost_usd),
            "error": job.error and job.error.model_dump(),
            "files": [dict(await self._file(job, file)) for file in files] or None,
            "next": next_call(job),
        }
        return cast("VideoData", without_absent(values))

    async def file(self, job: Job, file: File) -> FileData:
        """One file as structured content of its own."""
        return cast("FileData", {"video_id": job.id, **await self._file(job, file)})

    async def entry(self, job: Job) -> dict[str, Any]:
        """A job as a line of a list."""
        video = job.file(Variant.VIDEO)
        return without_absent(
            {
                "video_id": job.id,
                "status": shown_status(job.status),
                "progress": int(job.progress),
                "prompt": job.prompt[:_SHORT_PROMPT],
                "size": job.size,
                "seconds": _plain(job.seconds),
                "created_at": iso(job.created_at),
                "uri": video_uri(job.id, Variant.VIDEO if video else None),
                "path": video and await self._path(video),
            }
        )

    async def _file(self, job: Job, file: File) -> dict[str, Any]:
        details = file.model_dump(
            include={"mime_type", "bytes", "sha256", "width", "height", "seconds", "audio"}
        )
        return without_absent(
            {
                "variant": file.variant.value,
                "uri": video_uri(job.id, file.variant),
                "path": await self._path(file),
                "url": self.link(job.id, file.variant),
                **details,
            }
        )

    async def _path(self, file: File) -> str | None:
        if not self.share_paths:
            return None
        path = await self.videos.local_path(file)
        return str(path) if path else None

    def links(self, job: Job) -> list[ResourceLink]:
        """A link to the video of a finished job and to each image of it."""
        return [self.resource_link(job, file) for file in job.files]

    def resource_link(self, job: Job, file: File) -> ResourceLink:
        """A link that a client can show to the person and read without asking a model."""
        return ResourceLink(
            type="resource_link",
            uri=video_uri(job.id, file.variant),
            name=file_name(file),
            title=title(job, file.variant),
            mime_type=file.mime_type,
            size=file.bytes,
            annotations=Annotations(
                audience=["user"], last_modified=job.completed_at and iso(job.completed_at)
            ),
        )


def for_events(link: Link) -> Callable[[VideoService, Job], Awaitable[VideoData]]:
    """How events of our own show a video: without paths, since they may go to another machine."""

    async def describe(videos: VideoService, job: Job) -> VideoData:
        return await Presenter(videos, share_paths=False, link=link).video(job)

    return describe


def file_name(file: File) -> str:
    """The name that the library gave a file: made for people."""
    return PurePath(file.location).name


def title(job: Job, variant: Variant = Variant.VIDEO) -> str:
    """What a file shows, in a few words."""
    words = " ".join((job.title or job.prompt).split())
    short = words if len(words) <= 60 else words[:57].rstrip() + "..."
    return short if variant is Variant.VIDEO else f"{short} ({variant.value.replace('_', ' ')})"


def planned(plan: Plan) -> dict[str, Any]:
    """A dry run as structured content: what would be sent, and what it would cost."""
    job = plan.job
    return without_absent(
        {
            "status": "planned",
            "operation": job.operation.value,
            "prompt": job.prompt[:_PROMPT],
            "model": job.model,
            "size": job.size,
            "seconds": _plain(job.seconds),
            "engine": job.engine,
            "source_video_id": _source(job),
            "emulated": job.emulated or None,
            "estimated_cost_usd": _plain(plan.estimate.usd),
            "request": plan.request,
            "next": "Call again without dry_run to make it.",
        }
    )


def engine_data(report: EngineReport) -> EngineData:
    """The engine in use as structured content, and what others there are."""
    values = {
        **_engine_facts(report.facts),
        "prices_usd_per_second": report.prices_usd_per_second or None,
        "spent_today_usd": report.spent_today_usd,
        "budget_left_usd": report.budget_left_usd,
        "library": report.library,
        "input_dirs": [str(folder) for folder in report.input_dirs],
        "engines": [without_absent(_engine_facts(facts)) for facts in report.others] or None,
    }
    return cast("EngineData", without_absent(values))


def _engine_facts(facts: EngineFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "base_url": facts.base_url,
        "dialect": facts.kind,
        "models": list(facts.models) or None,
        "sizes": list(facts.sizes) or None,
        "seconds": list(facts.seconds) or None,
        "operations": dict(facts.operations) or None,
        "options": dict(facts.options) or None,
        "notes": list(facts.notes) or None,
    }


def _source(job: Job) -> str | None:
    return job.source_ids[0] if job.source_ids and job.operation is not Operation.JOIN else None


def _plain(number: float | None) -> float | None:
    """4 rather than 4.0: shorter, and what was asked for."""
    return int(number) if number is not None and number == int(number) else number
