"""Objects in a bucket, and what can go wrong with them in words. Only importer of obstore.

Key, region and endpoint come from the environment, as obstore reads it (`AWS_…`,
https://developmentseed.org/obstore/latest/api/store/aws/). What obstore says of a failure may hold
them, and is never passed on: only the storage's error code is.
"""

import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import obstore
from anyio import fail_after
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store
from pydantic import AnyHttpUrl

from sora_mcp.videos.errors import NotConfigured, StorageUnavailable

PART_BYTES = 8 << 20
"""Larger files are sent and fetched in parts of this size, each a request of its own."""

PART_TIMEOUT = timedelta(seconds=120)
"""For one request, also on a line that takes a minute for two parts at once."""

RETRIES = 2
RETRY_TIMEOUT = timedelta(seconds=8)
ANSWER_SECONDS = 20.0
"""For everything but files, retries included: a tool answers within 45 s, and longer waits are the
ledger's."""

_ENDPOINTS = {"AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_MAY = "Allow it to list, read, write and delete there."
_REGION = ("the bucket is in another region", "Set AWS_REGION.")
_ADVICE = {
    "NoSuchBucket": ("there is no such bucket", "Make it, or correct SORA_MCP_STORAGE_URL."),
    "AccessDenied": ("the key may not do this", _MAY),
    "InvalidAccessKeyId": ("the key is not known there", "Correct AWS_ACCESS_KEY_ID."),
    "SignatureDoesNotMatch": ("the secret is not the key's", "Correct AWS_SECRET_ACCESS_KEY."),
    "ExpiredToken": ("the key has expired", "Renew it."),
    "RequestTimeTooSkewed": ("the clock of this machine is wrong", "Set it."),
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "QuotaExceeded": ("its quota is used up", "Make room there."),
    "401": ("the key is not accepted", "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
    "403": ("the key may not do this", _MAY),
    "501": (
        "it cannot put an object only where there is none",
        "Use one that knows If-None-Match.",
    ),
    "507": ("it is full", "Make room there."),
}
"""By error code (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), else by status."""
_NO_KEY = ("there is no key", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
_SILENT = ("it does not answer", "Look at its own log.")
_UNREACHABLE = ("it cannot be reached", "Check AWS_ENDPOINT_URL and the network.")


@dataclass(frozen=True)
class Kept:
    """An object that is there."""

    bytes: int
    attributes: dict[str, str]


class Objects:
    """The objects below a bucket's prefix. Keys are relative to it.

    Every method raises `StorageUnavailable` when the storage does not do what it is asked for.
    """

    def __init__(self, url: str) -> None:
        """`url`: `s3://bucket/prefix`. Nothing is sent yet.

        Raises:
            NotConfigured: The environment holds what the client cannot use.
        """
        self.url = url
        parts = urlsplit(url)
        try:
            # The client would find out at its first request only, and panic.
            for name in _ENDPOINTS & os.environ.keys():
                AnyHttpUrl(os.environ[name])
            self._store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                checksum_algorithm="SHA256",
                # Only who sets an endpoint that begins with http:// is served over it.
                client_options={"allow_http": True, "timeout": PART_TIMEOUT},
                retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
            )
        except (BaseError, ValueError):
            raise NotConfigured(
                "The AWS_… variables of this process are not what the storage client takes. Look "
                "at AWS_ENDPOINT_URL, AWS_REGION and the other ones that are set."
            ) from None

    async def stat(self, key: str) -> Kept | None:
        """Size and attributes of an object; None when there is none."""
        try:
            with self._told(ANSWER_SECONDS):
                found = await obstore.get_async(self._store, key, options={"head": True})
        except FileNotFoundError:
            await self.keys(key.rpartition("/")[0])  # answers only if there is such a bucket
            return None
        return Kept(found.meta["size"], {str(k): v for k, v in found.attributes.items()})

    async def read(self, key: str, start: int, length: int) -> bytes | None:
        """That range of an object, which has to lie in it; None when there is none."""
        try:
            with self._told(ANSWER_SECONDS if length < PART_BYTES else None):
                data = bytes(
                    await obstore.get_range_async(self._store, key, start=start, length=length)
                )
        except FileNotFoundError:
            return None
        if len(data) != length:
            raise StorageUnavailable(
                f"{self.url} gave {len(data):,} of {length:,} bytes that it was asked for.",
                "Try again; if that stays so, look at its own log.",
            )
        return data

    async def put_new(
        self, key: str, source: bytes | Path, size: int, attributes: dict[str, str]
    ) -> None:
        """Put an object where there is none; one that is there is left as it is.

        What is larger than a part must be under a key that nothing else can ever have: a condition
        cannot be set on an upload in parts.
        """
        with self._told(None):
            if size > PART_BYTES:
                await obstore.put_async(
                    self._store,
                    key,
                    source,
                    attributes={**attributes},
                    use_multipart=True,
                    chunk_size=PART_BYTES,
                    max_concurrency=2,
                )
                return
            try:
                await obstore.put_async(
                    self._store, key, source, attributes={**attributes}, mode="create"
                )
            except AlreadyExistsError:
                return

    async def put(self, key: str, data: bytes, attributes: dict[str, str]) -> None:
        """Put an object, over the one that may be there."""
        with self._told(ANSWER_SECONDS):
            await obstore.put_async(
                self._store, key, data, attributes={**attributes}, use_multipart=False
            )

    async def keys(self, folder: str) -> list[str]:
        """The keys of all objects below a folder."""
        with self._told(ANSWER_SECONDS):
            # Its other result, Arrow's, is of a package that is not installed.
            pages = obstore.list(self._store, folder)  # pyright: ignore[reportUnknownMemberType]
            return [meta["path"] async for page in pages for meta in page]

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no trouble."""
        with self._told(ANSWER_SECONDS):
            await obstore.delete_async(self._store, keys)

    async def address(self, key: str, method: Literal["GET", "HEAD"], life: timedelta) -> str:
        """A signed URL of an object, good for so long."""
        with self._told(ANSWER_SECONDS):
            return await obstore.sign_async(self._store, method, key, life)

    @contextmanager
    def _told(self, seconds: float | None) -> Generator[None]:
        """Failures, and no answer in `seconds`, in words that leave out what obstore says."""
        try:
            with fail_after(seconds):
                yield
        except TimeoutError:
            raise self._unavailable(*_SILENT) from None
        except (BaseError, OSError) as error:
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
                raise
            raise self._trouble(str(error)) from None

    def _trouble(self, said: str) -> StorageUnavailable:
        answers = [found[1] for found in (_CODE.search(said), _STATUS.search(said)) if found]
        reason, fix = next(
            (_ADVICE[answer] for answer in answers if answer in _ADVICE),
            ("it answers with an error", "Look at its own log."),
        )
        if not answers:
            # Who has no key asks the address that gives one to Amazon's machines.
            reason, fix = _NO_KEY if "/latest/api/token" in said else _UNREACHABLE
        told = f" ({', '.join(answers)})" if answers else ""
        return self._unavailable(f"{reason}{told}", fix)

    def _unavailable(self, reason: str, fix: str) -> StorageUnavailable:
        return StorageUnavailable(f"The object storage {self.url} cannot be used: {reason}.", fix)
