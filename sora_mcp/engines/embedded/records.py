"""Job records on disk, in one folder that several servers may share.

A job `video_…` owns the files whose names begin with its id:

- `.json` the record; `.reference` the uploaded first frame; both stay until the job is deleted;
- `.source` the clip to be continued; `.lock` held by the renderer at work; until it is finished;
- `.mp4`, `.webp`, `.jpg` what was made, until it is released or has expired.

Beside them lie `server_….lock`, held by a server for as long as it runs, and `folder.lock`, held
for the moment of one look or one change. All methods block; none of them takes long.
"""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sora_mcp.engines.embedded.request import Extension

MEDIA_TYPES = {".mp4": "video/mp4", ".webp": "image/webp", ".jpg": "image/jpeg"}
"""What may have been made for a job, by the ending of its file."""

_JOB_ID = re.compile(r"video_[0-9a-f]{29}")


class Script(BaseModel):
    """What is to be seen; the fields are those of `RenderRequest`."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    width: int
    height: int
    seconds: float
    seed: int
    changes: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def total_seconds(self) -> float:
        """Length with the extensions."""
        return self.seconds + sum(extension.seconds for extension in self.extensions)


class Failure(BaseModel):
    """Why a job has failed."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str


class JobRecord(BaseModel):
    """What is known of a job."""

    model_config = ConfigDict(frozen=True)

    id: str
    status: Literal["queued", "in_progress", "completed", "failed"] = "queued"
    progress: int = Field(default=0, description="per cent")
    created_at: int = Field(description="Unix time in seconds, as the two below")
    completed_at: int | None = None
    expires_at: int | None = None
    prompt: str = Field(description="what this job was asked, the last word of its script")
    script: Script
    remixed_from: str | None = Field(default=None, description="the job whose look was changed")
    notes: tuple[str, ...] = ()
    error: Failure | None = None
    server: str | None = Field(
        default=None, description="who has taken the job on; void once that server has ended"
    )
    attempts: int = Field(default=0, description="renderers that died over it")

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("completed", "failed")

    @property
    def expired(self) -> bool:
        """Whether what was made is no longer to be given out."""
        return self.expires_at is not None and self.expires_at <= time.time()

    def changed(self, **fields: object) -> "JobRecord":
        """A copy with these fields."""
        return self.model_copy(update=fields)


def new_job_id() -> str:
    """An id that sorts by its time of creation (microseconds), so that listing needs no look."""
    return f"video_{time.time_ns() // 1000:013x}{secrets.token_hex(8)}"


def is_job_id(text: str) -> bool:
    """Whether a caller's text may be used to name files."""
    return _JOB_ID.fullmatch(text) is not None


class JobRecords:
    """The folder of records, which is created when missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder = folder.absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One instance serves all threads: filelock keeps a descriptor for each. Ten seconds are
        # for a process that was stopped just while it held the lock.
        self._lock = FileLock(folder / "folder.lock", timeout=10, poll_interval=0.005)

    def path(self, job_id: str, ending: str) -> Path:
        """Where a job's file lies; `ending` begins with a dot."""
        return self._folder / f"{job_id}{ending}"

    @contextmanager
    def serving(self) -> Generator[str]:
        """Show other processes that a server runs here; yields the name it claims jobs with."""
        server = secrets.token_hex(8)
        lock = FileLock(self._server_lock(server), thread_local=False)
        with lock:
            try:
                yield server
            finally:
                self._unlink(self._server_lock(server))

    def ids(self) -> list[str]:
        """Every job's id, oldest first."""
        names = (path.stem for path in self._folder.glob("video_*.json"))
        return sorted(name for name in names if is_job_id(name))

    def read(self, job_id: str) -> JobRecord | None:
        """The record; None when there is none that can be read."""
        with self._lock:
            return self._read(job_id)

    def read_all(self, job_ids: list[str]) -> list[JobRecord]:
        """The records of these jobs, without those that have gone meanwhile."""
        with self._lock:
            return [record for job_id in job_ids if (record := self._read(job_id))]

    def add(self, record: JobRecord, files: Mapping[str, bytes | Path]) -> None:
        """Keep a new job with these files, by ending: contents, or what to copy if it exists."""
        with self._lock:
            for ending, content in files.items():
                if isinstance(content, bytes):
                    self.path(record.id, ending).write_bytes(content)
                elif content.exists():
                    shutil.copyfile(content, self.path(record.id, ending))
            self._write(record)

    def change(self, job_id: str, update: Callable[[JobRecord], JobRecord]) -> JobRecord | None:
        """Replace the record by what `update` makes of it; None when the job is gone."""
        with self._lock:
            if (record := self._read(job_id)) is None:
                return None
            self._write(changed := update(record))
            return changed

    def claim(self, job_id: str, server: str) -> bool:
        """Take on an unfinished job, unless a server that still runs has it."""
        with self._lock:
            record = self._read(job_id)
            if record is None or record.finished:
                return False
            if record.server not in (None, server) and self._runs(record.server):
                return False
            self._write(record.changed(status="queued", progress=0, server=server))
            return True

    def remove(self, job_id: str) -> bool:
        """Forget a job and remove its files; whether there was one."""
        with self._lock:
            found = self.path(job_id, ".json").exists()
            self._remove(job_id)
            return found

    def tidy(self, job_id: str) -> None:
        """Remove what a job does not need any more, now that no renderer is at work on it."""
        with self._lock:
            self._tidy(job_id)

    def keep(self, job_id: str, ending: str, data: bytes) -> None:
        """Keep something made for a job, unless its video has gone meanwhile."""
        with self._lock:
            if self.path(job_id, ".mp4").exists():
                self._replace(self.path(job_id, ending), data)

    def release(self, job_id: str) -> None:
        """Remove what was made for a job; its record stays, so that it can be remixed."""
        with self._lock:
            self._release(job_id)

    def sweep(self) -> None:
        """Tidy up after jobs that expired or were deleted, and after servers that were killed."""
        with self._lock:
            known = set(self.ids())
            for path in self._folder.glob("video_*"):
                job_id, _, ending = path.name.partition(".")
                if job_id not in known or ending not in ("json", "reference"):
                    self._tidy(job_id)
            for path in self._folder.glob("server_*.lock"):
                self._runs(path.stem.removeprefix("server_"))

    def _tidy(self, job_id: str) -> None:
        record = self._read(job_id)
        if record is None:
            if is_job_id(job_id) and not self.path(job_id, ".json").exists():
                self._remove(job_id)
        elif record.finished:
            self._unlink(self.path(job_id, ".source"))
            self._unlink(self.path(job_id, ".lock"))
            if record.status == "failed" or record.expired:
                self._release(job_id)

    def _read(self, job_id: str) -> JobRecord | None:
        try:
            return JobRecord.model_validate_json(self.path(job_id, ".json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _write(self, record: JobRecord) -> None:
        self._replace(self.path(record.id, ".json"), record.model_dump_json().encode())

    def _replace(self, path: Path, data: bytes) -> None:
        """Write a file so that it is never seen half written."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)

    def _release(self, job_id: str) -> None:
        for ending in MEDIA_TYPES:
            self._unlink(self.path(job_id, ending))

    def _remove(self, job_id: str) -> None:
        for path in self._folder.glob(f"{job_id}.*"):
            self._unlink(path)

    def _unlink(self, path: Path) -> None:
        with suppress(PermissionError):  # Windows keeps files that are open; a sweep comes again
            path.unlink(missing_ok=True)

    def _server_lock(self, server: str) -> Path:
        return self._folder / f"server_{server}.lock"

    def _runs(self, server: str | None) -> bool:
        """Whether a server holds its lock; the file of one that has ended is removed."""
        if server is None or not (path := self._server_lock(server)).exists():
            return False
        try:
            with FileLock(path, blocking=False):
                self._unlink(path)
                return False
        except Timeout:
            return True
