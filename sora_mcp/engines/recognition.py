"""Which kind of host answers at a base URL, found out by at most two quick requests.

The list of models and its headers tell most; where they do not, the paths that the host documents
in `/openapi.json` do. A host that answers neither is taken for a plain one of OpenAI's dialect.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlsplit

import anyio
import httpx2

from sora_mcp.engines.dialects import COMPATIBLE, OPENAI, Dialect, ModelFacts
from sora_mcp.engines.host_client import MOST_BYTES
from sora_mcp.engines.hosts import (
    DIALECTS,
    DYNAMO,
    FASTVIDEO,
    LITELLM,
    SGLANG,
    SYNCHRONOUS,
    TENSORRT_LLM,
    VLLM_OMNI,
)
from sora_mcp.engines.knowledge import Recognised
from sora_mcp.engines.openrouter import HOST as OPENROUTER_HOST
from sora_mcp.engines.openrouter import OPENROUTER, parse_models
from sora_mcp.videos.errors import NotConfigured
from sora_mcp.videos.models import Support
from sora_mcp.videos.spending import OPENAI_HOST

PROBE_TIMEOUT = httpx2.Timeout(4.0)
PROBE_SECONDS = 8.0
"""For both requests together; a host may send one byte a second."""
MOST_MODELS = 500

_SILENT = "The host does not answer."
_PASSING = frozenset({408, 425, 429})

log = logging.getLogger(__name__)


def named(dialect: str, place: str) -> Dialect:
    """The dialect that the operator names; `place`: where.

    Raises:
        NotConfigured: There is none of that name.
    """
    if dialect not in DIALECTS:
        raise NotConfigured(
            f"{place}: {dialect!r} is not a dialect; use one of {', '.join(DIALECTS)}."
        )
    return DIALECTS[dialect]


def by_address(base_url: str) -> Dialect | None:
    """The dialect of a host that is known by its name."""
    host = urlsplit(base_url).hostname or ""
    if host == OPENAI_HOST:
        return OPENAI
    return OPENROUTER if host == OPENROUTER_HOST or host.endswith(f".{OPENROUTER_HOST}") else None


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: httpx2.Headers
    body: Any

    @property
    def settled(self) -> bool:
        """Whether it says something of the host, rather than of a moment in its life."""
        return self.status < 500 and self.status not in _PASSING

    @property
    def fields(self) -> Mapping[str, Any]:
        body = self.body
        return cast("Mapping[str, Any]", body) if isinstance(body, dict) else {}


async def recognise(
    client: httpx2.AsyncClient, base_url: str, headers: Mapping[str, str], dialect: Dialect | None
) -> Recognised:
    """Ask a host what it is, unless `dialect` says so. Never raises.

    `headers` carry the key, which only goes to the base URL itself.
    """
    base = base_url.rstrip("/")
    known = dialect or by_address(base)
    try:
        with anyio.move_on_after(PROBE_SECONDS):
            return await _recognise(client, base, headers, known)
    except Exception:
        # What a stranger answers must not stand in the way of asking it for a video.
        log.exception("%s could not be recognised", urlsplit(base).hostname)
    return Recognised(known or COMPATIBLE, trouble=_SILENT, reached=False)


async def _recognise(
    client: httpx2.AsyncClient, base: str, headers: Mapping[str, str], dialect: Dialect | None
) -> Recognised:
    if dialect is not None and dialect.models_path != "/models":
        return _with_models(dialect, await _ask(client, base + dialect.models_path, headers))
    listed = await _ask(client, f"{base}/models", headers)
    dialect = dialect or _by_models(listed)
    if dialect is OPENROUTER:
        return _with_models(OPENROUTER, await _ask(client, base + OPENROUTER.models_path, headers))
    if dialect is not None:
        return _with_models(dialect, listed)
    parts = urlsplit(base)
    document = await _ask(client, f"{parts.scheme}://{parts.netloc}/openapi.json", {})
    if not any(answer is not None and answer.settled for answer in (listed, document)):
        return Recognised(COMPATIBLE, trouble=_SILENT, reached=False)
    return _with_models(_by_document(document, parts.path), listed)


async def _ask(client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> _Answer | None:
    try:
        async with client.stream("GET", url, headers=headers, timeout=PROBE_TIMEOUT) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    return _Answer(response.status_code, response.headers, None)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        log.debug("%s did not answer: %s", urlsplit(url).hostname, type(error).__name__)
        return None
    try:
        found: object = json.loads(bytes(body))
    except (ValueError, RecursionError):
        found = None
    return _Answer(response.status_code, response.headers, found)


def _with_models(dialect: Dialect, answer: _Answer | None) -> Recognised:
    if answer is None:
        return Recognised(
            dialect, trouble="The models could not be listed: no answer.", reached=False
        )
    if answer.status >= 400:
        told = f"The models could not be listed: the host answers {answer.status}."
        return Recognised(dialect, trouble=told, reached=answer.settled)
    if dialect is OPENROUTER:
        models = parse_models(answer.body)
    else:
        models = {
            entry["id"]: ModelFacts(entry["id"], takes_images=entry.get("task_type") != "T2V")
            for entry in _entries(answer)
            if isinstance(entry.get("id"), str)
        }
    some = dict(list(models.items())[:MOST_MODELS])
    return Recognised(dialect, some, None if models else "The host lists no models.")


def _entries(answer: _Answer) -> list[Mapping[str, Any]]:
    listed = answer.fields.get("data")
    entries = cast("list[object]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


def _by_models(answer: _Answer | None) -> Dialect | None:
    """The kind of a host by its list of models; also a refusal has telling headers."""
    if answer is None:
        return None
    entries = _entries(answer)
    if any(name.startswith("x-litellm") for name in answer.headers) or _is_litellms(
        answer, entries
    ):
        return LITELLM
    if any("canonical_slug" in entry for entry in entries):
        return OPENROUTER
    owners = {str(entry.get("owned_by")).lower() for entry in entries}
    return next((dialect for owner, dialect in _OWNERS.items() if owner in owners), None)


_LITELLM_CREATED = 1_677_610_602
"""When every model of a LiteLLM proxy was made, and by "openai": its constants."""

_LITELLM_KINDS = frozenset({"no_db_connection", "token_not_found_in_db", "auth_error"})
"""What LiteLLM calls the errors of keys that it does not take."""


def _is_litellms(answer: _Answer, entries: Sequence[Mapping[str, Any]]) -> bool:
    error = answer.fields.get("error")
    if isinstance(error, dict):
        return str(cast("dict[str, Any]", error).get("type")) in _LITELLM_KINDS
    constants = (_LITELLM_CREATED, "openai")
    return bool(entries) and all(
        (entry.get("created"), entry.get("owned_by")) == constants for entry in entries
    )


_OWNERS = {
    "vllm": VLLM_OMNI,
    "sglang": SGLANG,
    "fastvideo": FASTVIDEO,
    "tensorrt_llm": TENSORRT_LLM,
}
_TITLES = {
    "NVIDIA Dynamo OpenAI Frontend": DYNAMO,
    "FastVideo OpenAI-Compatible API": FASTVIDEO,
    "LiteLLM API": LITELLM,
}


def _by_document(document: _Answer | None, prefix: str) -> Dialect:
    """The kind of a host by what it documents; `prefix` is the path of the base URL."""
    if document is None or document.status >= 400:
        return COMPATIBLE
    info, paths = document.fields.get("info"), document.fields.get("paths")
    title = str(cast("dict[str, Any]", info).get("title")) if isinstance(info, dict) else ""
    if title in _TITLES:
        return _TITLES[title]
    listed = cast("dict[str, Any]", paths) if isinstance(paths, dict) else {}
    known = {
        re.sub(r"\{[^}]*\}", "{}", path.removeprefix(prefix)): set(cast("dict[str, Any]", how))
        for path, how in listed.items()
        if isinstance(how, dict)
    }
    return _documented(known)


def _documented(paths: Mapping[str, set[str]]) -> Dialect:
    """A host of no known kind, but with a list of its paths."""
    if "post" not in paths.get("/videos", ()):
        return SYNCHRONOUS if "post" in paths.get("/videos/sync", ()) else COMPATIBLE

    def has(method: str, path: str, otherwise: Support) -> Support:
        return "native" if method in paths.get(path, ()) else otherwise

    return replace(
        COMPATIBLE,
        remix=has("post", "/videos/{}/remix", "emulated"),
        extend=has("post", "/videos/extensions", "emulated"),
        delete=has("delete", "/videos/{}", "missing"),
        list=has("get", "/videos", "missing"),
        tries_native=False,
        notes=(),
    )
