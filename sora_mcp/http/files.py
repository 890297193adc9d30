"""Finished files over HTTP, by links that are signed and expire.

A link is all that a browser or a player has: it names one file of one video and a time, and
carries a signature over both, so that it can be neither changed nor guessed.
"""

import hmac
import logging
import re
import time
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import urlencode

import anyio
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from sora_mcp.app import App
from sora_mcp.http.refusals import later
from sora_mcp.server.keys import derived_keys
from sora_mcp.settings import Settings
from sora_mcp.videos.errors import LedgerError, SoraError, StorageUnavailable
from sora_mcp.videos.models import Variant

LINKS = "download links"
"""What the keys of links are for."""

LINK_SECONDS = 24 * 3600
"""How long a link works; every result carries fresh ones."""

_RETRY_SECONDS = 5

log = logging.getLogger(__name__)


class Links:
    """Makes and checks links to files."""

    def __init__(self, keys: Sequence[bytes], public_url: str) -> None:
        """The first key signs, all of them verify; `public_url`: what the server is reached by."""
        self._keys = keys
        self._public_url = public_url.rstrip("/")

    def __call__(self, video_id: str, variant: Variant) -> str:
        """The address of a file, good for a day."""
        expires = int(time.time()) + LINK_SECONDS
        query = urlencode(
            {
                "expires": expires,
                "signature": _sign(self._keys[0], video_id, variant.file_name, expires),
            }
        )
        return f"{self._public_url}/files/{video_id}/{variant.file_name}?{query}"

    def is_signed(self, video_id: str, name: str, expires: int, signature: str) -> bool:
        """Whether a link is one of ours; it may have expired."""
        return any(
            hmac.compare_digest(
                _sign(key, video_id, name, expires).encode(), signature.encode(errors="replace")
            )
            for key in self._keys
        )


def shared_links(settings: Settings) -> Links | None:
    """The links of the servers with these settings; None where only each of them can make its own.

    For a process that serves nothing itself.
    """
    if settings.public_url is None or settings.secret_keys is None:
        return None
    return Links(derived_keys(settings, LINKS), settings.public_url)


def _sign(key: bytes, video_id: str, name: str, expires: int) -> str:
    return hmac.new(key, f"{video_id}\n{name}\n{expires}".encode(), "sha256").hexdigest()


class Files:
    """Serves what the links name."""

    def __init__(self, app: App, links: Links) -> None:
        self._app = app
        self._links = links

    async def serve(self, request: Request) -> Response:
        """`GET /files/{video_id}/{name}?expires=…&signature=…`, whole or in ranges.

        307: it is in object storage, for a short while under the address that is given; 304: the
        client has it already; 403: not a link of ours; 410: it has expired; 404: the file is not
        there any more; 412: it is not the one that the client wants to go on with; 503: its storage
        or the ledger does not answer just now.
        """
        video_id: str = request.path_params["video_id"]
        name: str = request.path_params["name"]
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        if not re.fullmatch(r"\d{1,12}", expires, re.ASCII) or not self._links.is_signed(
            video_id, name, int(expires), signature
        ):
            return _refusal("This link is not valid. Ask for the video again.", 403)
        if int(expires) < time.time():
            return _refusal("This link has expired. Ask for the video again.", 410)
        variant = Variant.from_file_name(name)
        try:
            videos = await self._app.videos()
            assert variant is not None  # noqa: S101  # only names of variants are ever signed
            file = await videos.linked_file(video_id, variant)
            # Each method has a signature of its own.
            address = await videos.address(file, "HEAD" if request.method == "HEAD" else "GET")
            path = await videos.local_path(file)
            state = path and await anyio.Path(path).stat()
        except FileNotFoundError:
            return _refusal("This file has just been taken away. Ask for the video again.", 404)
        except (StorageUnavailable, LedgerError) as error:
            log.warning("A file cannot be served just now: %s", error.message)
            return later(503, "It cannot be served just now.", _RETRY_SECONDS)
        except SoraError as error:
            return _refusal(error.message, 404)
        if address is not None:
            return RedirectResponse(address, 307, headers={"Cache-Control": "no-store"})
        assert path is not None  # noqa: S101  # a file has the one or the other
        response = FileResponse(
            path,
            media_type=file.mime_type,
            filename=PurePath(file.location).name,
            content_disposition_type="inline",
            stat_result=state,
            headers={**_HEADERS, "ETag": f'"{file.sha256}"'},
        )
        if not _is_wanted(response.headers["ETag"], request.headers.get("If-Match", "*")):
            return _refusal("This is not the file that If-Match names.", 412)
        if _CONDITIONS.is_not_modified(response.headers, request.headers):
            return NotModifiedResponse(response.headers)
        if request.headers.get("Range", "").partition("=")[0].strip().lower() != "bytes":
            # Other units are to be ignored (RFC 9110, 14.2), where `FileResponse` refuses them.
            del MutableHeaders(scope=request.scope)["Range"]
        return response


def _is_wanted(tag: str, condition: str) -> bool:
    """Whether `If-Match` holds (RFC 9110, 13.1.1)."""
    return condition.strip() == "*" or tag in map(str.strip, condition.split(","))


_CONDITIONS = StaticFiles(check_dir=False)
"""Only for its reading of If-None-Match and If-Modified-Since, which `FileResponse` leaves out."""

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}


def _refusal(text: str, status: int) -> Response:
    return PlainTextResponse(
        text, status, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    )
