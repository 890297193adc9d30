"""Videos in the making as tasks.

A job's row in the ledger is all there is to its task, so whatever is asked of a task can be asked
of any process, also after a crash. The video id, which nobody can guess, is the task's id.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from mcp.types import CallToolResult, TextContent

from sora_mcp.app import App
from sora_mcp.server.owners import current_owner
from sora_mcp.server.present import Link, Presenter
from sora_mcp.server.progress import message_of
from sora_mcp.server.tasks import Task
from sora_mcp.videos.errors import VideoNotFound
from sora_mcp.videos.lifecycle import (
    ACTIVE,
    BAD_ENDS,
    FIRST_POLL_SECONDS,
    is_settled,
    shown_status,
)
from sora_mcp.videos.models import VIDEO_ID_PATTERN, Job, JobStatus

_TOOLS = frozenset({"generate_video", "remix_video", "extend_video", "join_videos"})
_MOVING = frozenset(shown_status(status) for status in ACTIVE)

SHORTEST_POLL = 1.0
"""Seconds: asking us more often shows nothing that a person would notice."""


class VideoTasks:
    """Implements `TaskKeeper`."""

    def __init__(self, app: App, *, share_paths: bool, link: Link) -> None:
        self._app = app
        self._share_paths = share_paths
        self._link = link

    async def begun(self, tool: str, result: CallToolResult) -> Task | None:
        """The task of a video that has been started and is not finished yet."""
        data: dict[str, Any] = result.structured_content or {}
        if tool not in _TOOLS or result.is_error or data.get("status") not in _MOVING:
            return None
        task = await self.find(data["video_id"])
        # Behind the sentence and the JSON may stand what is said only once.
        notes = [block.text for block in result.content[2:] if isinstance(block, TextContent)]
        return task and replace(task, message=" · ".join(filter(None, [task.message, *notes])))

    async def find(self, task_id: str) -> Task | None:
        """The task of a video of the caller's; a foreign one is like none."""
        # Ids that only a host knows are adopted as videos, never as tasks.
        if not re.fullmatch(VIDEO_ID_PATTERN, task_id):
            return None
        videos = await self._app.videos()
        try:
            job = await videos.get(current_owner(), task_id)
        except VideoNotFound:
            return None
        task = Task(
            id=job.id,
            status=_status(job),
            message=message_of(job),
            created_at=job.created_at,
            updated_at=job.updated_at or job.created_at,
            poll_seconds=max(job.poll_after or FIRST_POLL_SECONDS, SHORTEST_POLL),
        )
        if task.status != "completed":
            return task
        presenter = Presenter(videos, self._share_paths, self._link)
        result = await presenter.result(job, failed=job.status in BAD_ENDS)
        shown = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return replace(task, outcome={"result": shown})

    async def answer(self, task_id: str, responses: Mapping[str, Any]) -> None:
        """Nothing: a person is asked before a job is started, not later."""

    async def cancel(self, task_id: str) -> None:
        """Have the job stopped where its host can; it stays listed as cancelled."""
        videos = await self._app.videos()
        await videos.cancel(current_owner(), task_id)


def _status(job: Job) -> Literal["working", "completed", "cancelled"]:
    if not is_settled(job):
        return "working"
    return "cancelled" if job.status is JobStatus.CANCELLED else "completed"
