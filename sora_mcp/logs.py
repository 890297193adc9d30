"""Logging on standard error, as text or JSON, with secrets taken out.

Standard output belongs to the protocol. Redaction happens in the formatters, after the message,
its arguments and any traceback have become text, so that nothing can slip past it. The same
`Redactor` takes secrets out of hosts' words (`engines/reading.py`).
"""

import base64
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from sora_mcp.settings import Settings
from sora_mcp.videos.context import current_job

HIDDEN = "[redacted]"

# All of them take time in proportion to the text, whatever it is: strangers' words are logged, too.
_PATTERNS = (
    # an HTTP header, or a field named for a secret, with its value
    re.compile(
        r"(?i)((?:proxy-)?authorization|x-api-key|api[-_]?key|cookie)"
        r"(['\"]?\s*[:=]\s*(?:b?['\"])?)((?:(?:bearer|basic)\s+)?[^\s'\",;})]+)"
    ),
    re.compile(
        r"(?i)\b(bearer|basic)(\s+)(?!(?:authentication|authorization|credentials?)\b)"
        r"([A-Za-z0-9._~+/=-]{8,})"
    ),
    # a user or password before the host of a URL
    re.compile(r"(?i)(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,20}:/)(/)([^\s/@'\"]+(?=@))"),
    # the parts of a query that sign a link or carry a key
    re.compile(
        r"(?i)([?&](?:[a-z0-9_-]*(?:signature|token|secret|credential)|sig|key|api[-_]?key))(=)"
        r"([^&\s'\"#]+)"
    ),
    # keys that give themselves away: OpenAI's and its imitators', webhook secrets
    re.compile(r"()()\b((?:sk|rk)-[A-Za-z0-9_-]{8,}|whsec_[A-Za-z0-9+/=_-]+)"),
)
_SHORTEST_SECRET = 4
"""A shorter value would also be cut out of words that have nothing to do with it."""
_SHORTEST_IN_BASE64 = 8
_SHORTEST_OF_PATH = 8
"""Characters of a path or query of an address that may be part of other addresses, too."""
_FOR_URLS = str.maketrans("+/", "-_")

_LONGEST_ENTRY = 20_000
"""Characters of an entry that are logged: enough for any traceback."""

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

_ALWAYS_QUIET = ("aiosqlite",)
"""Logs every statement with its values, prompts included."""

_QUIET_BELOW_DEBUG = (
    "httpx2",
    "httpcore2",
    "openai",
    "sse_starlette",
    "alembic",
    "uvicorn.access",
    "mcp.server.streamable_http",
)


class Redactor:
    """Takes known secret values, and whatever looks like one, out of texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = {value for value in secrets if len(value) >= _SHORTEST_SECRET}
        longest_first = sorted(values, key=len, reverse=True)
        self._known = re.compile("|".join(map(_in_any_spelling, longest_first))) if values else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1\2{HIDDEN}", text)
        return text


def _in_any_spelling(secret: str) -> str:
    """A pattern for a value as it is or in base64, broken over lines, and escaped."""
    return "|".join(
        r"\s*".join(map(_in_any_escape, spelled)) for spelled in (secret, *_in_base64(secret))
    )


def _in_any_escape(character: str) -> str:
    """A pattern for a character as it is, and escaped for URLs, JSON or in Python's way."""
    code = ord(character)
    octets = character.encode(errors="replace")
    url = "".join(f"%{octet:02x}" for octet in octets)
    python = "".join(rf"\\{{1,8}}x{octet:02x}" for octet in octets)
    name = re.escape(ascii(character)[1:-1].lstrip("\\"))
    plain = rf"\\{{0,8}}{re.escape(character)}|\\{{1,8}}{name}"
    return rf"(?:{plain}|(?i:{url}|\\{{1,8}}u{code:04x}|{python}))"


def _in_base64(secret: str) -> Iterator[str]:
    """What base64, also that of URLs, makes of a value, wherever in a text it begins."""
    octets = secret.encode(errors="replace")
    if len(octets) < _SHORTEST_IN_BASE64:
        return
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets)
        # What also depends on the octets around it is left out.
        first = (0, 2, 3)[before]
        last = (before + len(octets)) * 8 // 6
        spelled = encoded[first:last].decode()
        yield from {spelled, spelled.translate(_FOR_URLS)}


def _shortened(text: str) -> str:
    more = len(text) - _LONGEST_ENTRY
    return text if more <= 0 else f"{text[:_LONGEST_ENTRY]}… ({more} more characters)"


class TextFormatter(logging.Formatter):
    """One line for people: time, level, logger, job, message; then the traceback, if any."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s%(in_job)s: %(message)s", "%H:%M:%S")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        job = current_job.get()
        record.in_job = f" [{job}]" if job else ""
        text = _shortened(self._redact(super().format(record)))
        # Only we begin lines; and nobody's words move a terminal's cursor.
        return _CONTROLS.sub("?", text).replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, job_id, exception."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _shortened(self._redact(record.getMessage())),
        }
        if job := current_job.get():
            entry["job_id"] = job
        if record.exc_info:
            entry["exception"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def configure_logging(settings: Settings) -> None:
    """Send everything that is logged to standard error, in the form the settings ask for.

    Has to come before an `MCPServer` is built: the SDK installs handlers of its own otherwise.
    """
    redact = redactor(settings)
    handler = logging.StreamHandler(sys.stderr)
    as_json = settings.log_format == "json"
    handler.setFormatter(JsonFormatter(redact) if as_json else TextFormatter(redact))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    quiet = _ALWAYS_QUIET if settings.log_level == "debug" else _ALWAYS_QUIET + _QUIET_BELOW_DEBUG
    for name in quiet:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def redactor(settings: Settings) -> Redactor:
    """A redactor that knows every secret of the settings."""
    return Redactor(_secrets(settings))


def _secrets(settings: Settings) -> Iterable[str]:
    for name in Settings.model_fields:
        value: object = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield secret
            yield from filter(None, re.split(r"[,\s]+", secret))
            yield from _password(secret)
    if settings.webhook_url is not None:
        # Whoever knows it can post there; libraries write the host before it in their own way.
        parts = urlsplit(settings.webhook_url.get_secret_value())
        yield from (part for part in (parts.path, parts.query) if len(part) > _SHORTEST_OF_PATH)
    for url in (settings.base_url or "").split():
        yield from _credentials(url)
    for engine in settings.engines_file:
        if engine.api_key is not None:
            yield engine.api_key.get_secret_value()
        for url in engine.addresses:
            yield from _credentials(url)
    if settings.auth_tokens_file is not None and settings.auth_tokens_file.is_file():
        for line in settings.auth_tokens_file.read_text(
            encoding="utf-8", errors="replace"
        ).splitlines():
            yield line.partition(":")[2].strip()


def _credentials(url: str) -> Iterable[str]:
    """What opens a host: the password, or a user without one."""
    yield from _password(url)
    parts = urlsplit(url)
    if parts.username and not parts.password:
        yield parts.username
        yield unquote(parts.username)


def _password(url: str) -> Iterable[str]:
    if "@" in url and (password := urlsplit(url).password):
        yield password
        yield unquote(password)
