"""Videos as MCP resources: records, bytes in ranges, images, the engine."""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.types import Annotations, Resource

from sora_mcp.app import App
from sora_mcp.server.limits import LARGEST_BLOB
from sora_mcp.server.owners import current_owner
from sora_mcp.server.present import (
    Link,
    Presenter,
    compact_json,
    engine_data,
    file_name,
    iso,
    title,
    video_uri,
)
from sora_mcp.videos.errors import InvalidRequest, SoraError, VideoNotFound
from sora_mcp.videos.models import File, Job, Variant

ENGINE_URI = "sora://engine"
LONGEST_RANGE = 393_216
"""Bytes: with base64 and JSON around them well below a mebibyte, which some clients stop at."""
LISTED = 100
"""Videos in `resources/list`; list_videos pages through all."""

_IMAGES = {
    Variant.THUMBNAIL: "A still from a finished video.",
    Variant.SPRITESHEET: "A sheet of frames of a finished video.",
    Variant.LAST_FRAME: "The last frame; as input_reference it carries a shot on.",
}

log = logging.getLogger(__name__)


class Resources:
    """What can be read, and how."""

    def __init__(self, app: App, *, share_paths: bool, link: Link) -> None:
        self._app = app
        self._share_paths = share_paths
        self._link = link

    def register(self, server: MCPServer[Any]) -> None:
        """Add every template and fixed resource to a server."""
        record = video_uri("{video_id}")
        server.resource(
            record,
            name="video",
            title="Video record",
            description="Status, prompt, files and cost of a video.",
            mime_type="application/json",
        )(self.record)
        server.resource(
            video_uri("{video_id}", Variant.VIDEO) + "{?offset,length}",
            name="video.mp4",
            title="Video file",
            description="MP4 bytes; offset and length in bytes, "
            f"at most {LONGEST_RANGE:,} in one range.",
            mime_type=Variant.VIDEO.mime_type,
        )(self.video_bytes)
        for variant, description in _IMAGES.items():
            server.resource(
                video_uri("{video_id}", variant),
                name=variant.file_name,
                title=variant.value.replace("_", " ").capitalize(),
                description=description,
                mime_type=variant.mime_type,
            )(self._image(variant))
        server.resource(
            ENGINE_URI,
            name="engine",
            title="Engine",
            description="What get_engine returns.",
            mime_type="application/json",
        )(self.engine)

    async def record(self, video_id: str) -> str:
        """A video's record as JSON, with the whole prompt."""
        videos = await self._app.videos()
        job = await videos.get(current_owner(), video_id)
        presenter = Presenter(videos, self._share_paths, self._link)
        return compact_json(await presenter.video(job, whole_prompt=True))

    async def engine(self) -> str:
        """The engine in use as JSON."""
        videos = await self._app.videos()
        return compact_json(engine_data(await videos.engine_report(current_owner())))

    async def video_bytes(self, video_id: str, offset: str = "", length: str = "") -> bytes:
        """A video's bytes: a range of them, or all when they are few enough for one message."""
        if offset or length:
            start, wanted = _range(offset, length)
            return await self._read(video_id, Variant.VIDEO, start, wanted)
        return await self._read(video_id, Variant.VIDEO)

    def _image(self, variant: Variant) -> Callable[[str], Awaitable[bytes]]:
        async def image(video_id: str) -> bytes:
            return await self._read(video_id, variant)

        return image

    async def _read(
        self, video_id: str, variant: Variant, offset: int = 0, length: int | None = None
    ) -> bytes:
        videos = await self._app.videos()
        job, file = await videos.file(current_owner(), video_id, variant)
        if length is None:
            if file.bytes > min(self._app.settings.max_read_bytes, LARGEST_BLOB):
                where = await Presenter(videos, self._share_paths, self._link).file(job, file)
                raise InvalidRequest(_too_large(job, file, where.get("path") or where.get("url")))
            length = file.bytes
        elif offset >= file.bytes:
            raise InvalidRequest(
                f"offset is {offset}, but the file has {file.bytes} bytes; "
                f"give 0 to {file.bytes - 1}."
            )
        return await videos.read(file, offset, length)

    async def listed(self) -> Sequence[Resource]:
        """The newest finished videos, with size and last change."""
        if not await self._app.has_ledger():
            return []
        try:
            videos = await self._app.videos()
            page = await videos.list(current_owner(), status="completed", limit=LISTED)
        except SoraError as error:
            # Clients list resources at their start, often unasked: a first call says what is wrong.
            log.warning("resources/list shows no videos: %s", error.message)
            return []
        return [_resource(job) for job in page.jobs if job.files]


def resource_error(error: SoraError) -> ResourceError:
    """The protocol's form of what reading a resource can run into."""
    unknown = isinstance(error, VideoNotFound | InvalidRequest)
    return (ResourceNotFoundError if unknown else ResourceError)(error.message)


def _range(offset: str, length: str) -> tuple[int, int]:
    start = _bytes("offset", offset or "0")
    wanted = _bytes("length", length or str(LONGEST_RANGE))
    if wanted == 0:
        raise InvalidRequest("length is 0; give 1 or more bytes.")
    return start, min(wanted, LONGEST_RANGE)


def _bytes(name: str, value: str) -> int:
    if re.fullmatch(r"\d{1,15}", value, re.ASCII) is None:
        raise InvalidRequest(f"{name} is {value[:40]!r}; give a whole number of bytes, 0 or more.")
    return int(value)


def _too_large(job: Job, file: File, place: str | None) -> str:
    ways: list[str] = []
    if file.variant is Variant.VIDEO:
        uri = video_uri(job.id, Variant.VIDEO)
        ways.append(f"Read it in ranges, such as {uri}?offset=0&length={LONGEST_RANGE}.")
    if place is not None:
        ways.append(f"The file itself is here: {place}.")
    return f"The file has {file.bytes:,} bytes, too many for one message. {' '.join(ways)}".rstrip()


def _resource(job: Job) -> Resource:
    video = job.file(Variant.VIDEO) or job.files[0]
    return Resource(
        uri=video_uri(job.id, video.variant),
        name=file_name(video),
        title=title(job),
        mime_type=video.mime_type,
        size=video.bytes,
        annotations=Annotations(
            audience=["user"], last_modified=iso(job.completed_at or job.created_at)
        ),
    )
