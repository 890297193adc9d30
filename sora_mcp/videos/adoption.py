"""Taking in a job that only its engine knows, by the engine's own id."""

import re
from datetime import datetime

from sora_mcp.videos.errors import EngineError, EngineJobMissing, VideoNotFound
from sora_mcp.videos.missing import not_found
from sora_mcp.videos.models import Asked, EngineJob, Job, JobStatus, Operation, new_video_id
from sora_mcp.videos.ports import Engine, Engines

ENGINE_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_=.-]{1,400}")
"""What an engine's id may look like, before it becomes part of a URL."""


async def found_at_hosts(engines: Engines, owner: str, engine_job_id: str, now: datetime) -> Job:
    """A new job for an id that one of the engines knows.

    Raises:
        VideoNotFound: None knows it.
    """
    engine, found = await _ask(engines, engine_job_id)
    return Job(
        id=new_video_id(),
        owner=owner,
        operation=Operation.GENERATE,
        status=JobStatus.QUEUED,
        prompt=found.prompt or "",
        model=found.model,
        size=found.size,
        seconds=found.seconds,
        asked=Asked(model=found.model, size=found.size, seconds=found.seconds),
        engine=engine.name,
        base_url=engine.base_url,
        engine_job_id=engine_job_id,
        adopted=True,
        created_at=now,
        submitted_at=now,
    )


async def _ask(engines: Engines, engine_job_id: str) -> tuple[Engine, EngineJob]:
    """The engine that knows a job, and what it says of it; those that answer first."""
    silent: list[str] = []
    for engine in sorted(engines.every(), key=lambda engine: not engine.healthy):
        try:
            return engine, await engine.retrieve(engine_job_id)
        except EngineJobMissing:
            continue
        except EngineError as error:
            silent.append(f"{engine.name} could not be asked: {error.message}")
    if not silent:
        raise not_found(engine_job_id)
    raise VideoNotFound(
        f"No video has the id {engine_job_id} here, and {' '.join(silent)} "
        "Call list_videos to see the videos that exist."
    )
