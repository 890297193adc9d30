"""Every setting, read once from the environment and frozen.

Sources, strongest first: arguments, environment variables, a `.env` file in `SORA_MCP_HOME` or
named by `--env-file`. Never a `.env` in the working folder: clients start servers inside
strangers' projects. A value that still holds an unsubstituted `${…}` counts as unset.
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from sora_mcp.addresses import (
    BOTH,
    BaseUrls,
    PublicUrl,
    ReceiverUrl,
    StorageUrl,
    authority,
    has_password,
)
from sora_mcp.complaints import wanted
from sora_mcp.named_engines import VARIABLE, Key, NamedEngine, Seconds, Size, read_engines
from sora_mcp.signatures import WANTED_SECRET, WebhookSecret
from sora_mcp.videos.errors import NotConfigured
from sora_mcp.videos.spending import OPENAI_HOST, Price, parse_prices

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

PREFIX = "SORA_MCP_"
_FOREIGN = {
    "OPENAI_BASE_URL": "base_url",
    "OPENAI_API_KEY": "api_key",
    "OPENAI_WEBHOOK_SECRET": "openai_webhook_secret",
}
_UNSUBSTITUTED = re.compile(r"\$\{[^}]*\}")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class Settings(BaseModel):
    """The settings of contract §6; `docs/settings.md` explains each.

    What is said of them here is not read by pydantic, which takes 25 ms for it at every start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    base_url: BaseUrls | None = None
    """The Videos API host, such as `http://127.0.0.1:8000/v1`; several, separated by spaces, only
    if they are replicas of one host. Without it (and `OPENAI_BASE_URL`) the embedded engine."""
    api_key: Key | None = None
    """The host's key (else `OPENAI_API_KEY`). Sent to the base URL's host only."""
    engine: Literal["auto", "embedded", "openai"] = "auto"
    """`embedded` ignores the base URL, `openai` means api.openai.com (switched off)."""
    engines_file: tuple[NamedEngine, ...] = ()
    """TOML file with several named engines, each with base URL, key's variable, dialect, defaults,
    prices and cap; `model` may then begin with an engine's name and a slash."""
    dialect: str | None = None
    """What the host speaks, where it is not recognised: `openrouter`, `vllm-omni`, `sglang`,
    `litellm`, `fastvideo`, `tensorrt-llm`, `dynamo`, `synchronous`, `openai-json` or
    `compatible`."""
    model: str | None = None
    """Model of new videos, when a call names none; it may begin with the name of an engine of
    the file and a slash."""
    size: Size | None = None
    """Size of new videos, such as `1280x720`, when a call names none."""
    seconds: Seconds | None = None
    """Length of new videos in seconds, when a call names none."""
    home: Path = Field(default_factory=lambda: _user_folders().user_data_path)
    """Folder of the ledger and other state."""
    library: Path = Field(default_factory=lambda: _user_folders().user_videos_path / "sora-mcp")
    """Folder of the finished files."""
    input_dirs: tuple[Path, ...] | None = None
    """Folders that tools may read first-frame images from."""
    output_dirs: tuple[Path, ...] | None = None
    """Folders that tools may write copies to."""
    share_paths: Literal["auto", "always", "never"] = "auto"
    """Whether results show file paths; `auto`: when client and server share a machine."""
    max_read_bytes: Annotated[int, Field(ge=1)] = 720_000
    """Largest file that a resource read returns whole, in bytes; 780,288 is the most."""
    max_file_bytes: Annotated[int, Field(ge=1)] = 2 * 1024**3
    """Largest file taken from a host, in bytes."""
    database_url: SecretStr | None = None
    """The ledger, `postgresql://…` for many replicas; SQLite in the home folder without it."""
    storage_url: StorageUrl | None = None
    """Object storage for finished files instead of the library folder, `s3://bucket/prefix`; key,
    region and endpoint come from the usual `AWS_…` variables: `docs/deployment.md`."""
    prices: tuple[Price, ...] = ()
    """USD per second by host, model and size: JSON, or the path of a TOML file."""
    max_cost_usd: Annotated[float | None, Field(ge=0)] = None
    """Most that one call may cost."""
    daily_budget_usd: Annotated[float | None, Field(ge=0)] = None
    """Most that one owner may spend per UTC day."""
    server_daily_budget_usd: Annotated[float | None, Field(ge=0)] = None
    """Most that all owners together may spend per UTC day."""
    confirm_above_usd: Annotated[float | None, Field(ge=0)] = None
    """Ask the person before anything that costs more."""
    max_active_jobs: Annotated[int, Field(ge=1, le=1000)] = 4
    """Jobs in flight per engine; the rest wait in our queue."""
    min_submit_interval: Annotated[float | None, Field(ge=0, le=3600)] = None
    """Seconds between submissions; 1, and 0 on the embedded engine."""
    job_timeout_seconds: Annotated[float, Field(gt=0)] = 3600
    """After so long polling slows down; counted from the submission."""
    auth_token: SecretStr | None = None
    """A bearer token that HTTP clients send; its owner is the one of the terminal."""
    auth_tokens_file: Path | None = None
    """File of `name:token` lines, each a token that HTTP clients send; the name is the owner."""
    oauth_issuer: str | None = None
    """OAuth issuer whose tokens are accepted, with the scopes `videos:read` and `videos:write`."""
    oauth_audience: str | None = None
    """What OAuth tokens must name as their audience."""
    max_concurrent_requests: Annotated[int, Field(ge=1)] = 256
    """Requests that one owner may have open; one more is told to come again (429)."""
    max_requests_per_minute: Annotated[int, Field(ge=1)] = 3000
    """Requests that one owner may make in a minute; one more is told to come again (429)."""
    public_url: PublicUrl | None = None
    """The address that people reach this server under."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names accepted besides loopback, separated by commas or spaces."""
    allowed_origins: tuple[str, ...] = ()
    """Origins accepted besides loopback, separated by commas or spaces."""
    secret_keys: SecretStr | None = None
    """Keys that sign links and request state, newest first, separated by commas."""
    openai_webhook_secret: WebhookSecret | None = None
    """(`OPENAI_WEBHOOK_SECRET`) Turns on `/webhooks/openai`, where the host says that a job is
    done; what it signs that with, `whsec_…`."""
    webhook_url: ReceiverUrl | None = None
    """Where `video.completed` and `video.failed` are sent when a video is done, for n8n, Zapier or
    a program of yours: `https://…`, or `http://…` on this machine."""
    webhook_secret: WebhookSecret | None = None
    """What these are signed with, `whsec_…`; needed with the address."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged, on standard error."""
    log_format: Literal["text", "json"] = "text"
    """How it is logged."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The replicas of the host that is named by the base URL; none is none."""
        if self.engine == "embedded":
            return ()
        if self.engine == "openai":
            return (f"https://{OPENAI_HOST}/v1",)
        return tuple((self.base_url or "").split())

    @property
    def named_engines(self) -> tuple[NamedEngine, ...]:
        """The engines of the file, unless the embedded one is to be used in any case."""
        return () if self.engine == "embedded" else self.engines_file

    @property
    def model_names_engine(self) -> bool:
        """Whether the model begins with the name of the engine that makes it."""
        name, slash, _ = (self.model or "").partition("/")
        return bool(slash) and any(name == engine.name for engine in self.named_engines)

    @property
    def any_limit(self) -> bool:
        """Whether any limit on cost, or a confirmation, is set."""
        limits = (
            self.max_cost_usd,
            self.daily_budget_usd,
            self.server_daily_budget_usd,
            self.confirm_above_usd,
        )
        return any(limit is not None for limit in limits)


@dataclass(frozen=True)
class Loaded:
    """Settings, with what the user should know about where they came from."""

    settings: Settings
    warnings: tuple[str, ...]
    stray_key: str | None = None
    """The variable of a key that is used for nothing, because no base URL is set."""


_ACCESS = tuple(f"{PREFIX}{name}" for name in ("AUTH_TOKEN", "AUTH_TOKENS_FILE", "OAUTH_ISSUER"))
"""Elsewhere an empty variable is as good as none; here it may leave a door open."""


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = None,
    **flags: object,
) -> Loaded:
    """Read every setting once.

    Raises:
        NotConfigured: A value will not do; the message names the variable, never the value.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(PREFIX + "HOME", "")
    home = Path(named).expanduser() if named and not _UNSUBSTITUTED.search(named) else None
    if env_file is not None and not env_file.is_file():
        raise NotConfigured(f"--env-file {env_file} does not exist.")
    file = env_file or (home or _user_folders().user_data_path) / ".env"
    merged = {**_from_file(file), **environ}
    found = {
        name: value.strip()
        for name, value in merged.items()
        if (name.startswith(PREFIX) or name in _FOREIGN)
        and value.strip()
        and not _UNSUBSTITUTED.search(value)
    }
    values: dict[str, Any] = {
        field: found[name] for name, field in _FOREIGN.items() if name in found
    }
    warnings: list[str] = []
    for name in sorted(found):
        field = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX):
            continue
        if field in Settings.model_fields and field != "openai_webhook_secret":
            values[field] = found[name]
        else:
            warnings.append(_unknown(name))
    warnings += [
        f"{name} is set but empty, so nobody is asked for it."
        for name in _ACCESS
        if name in merged and name not in found
    ]
    values |= {name: value for name, value in flags.items() if value is not None}
    if isinstance(values.get("engines_file"), str):
        values["engines_file"] = read_engines(Path(values["engines_file"]).expanduser(), merged)
    try:
        settings = Settings(**{name: _parsed(name, value) for name, value in values.items()})
    except ValidationError as error:
        raise NotConfigured(" ".join(_complaints(error, found))) from None
    if settings.api_key is not None and any(map(has_password, settings.base_urls)):
        raise NotConfigured(f"{_name('api_key', found)}, and a {_name('base_url', found)} {BOTH}")
    _check_names(settings)
    if settings.webhook_url is not None and settings.webhook_secret is None:
        raise NotConfigured(
            f"{PREFIX}WEBHOOK_URL is set, and what is sent there is signed: "
            f"{PREFIX}WEBHOOK_SECRET must be {WANTED_SECRET}."
        )
    hosts = settings.base_url or settings.engines_file
    stray = "api_key" in values and not hosts and settings.engine != "openai"
    return Loaded(settings, tuple(warnings), _name("api_key", found) if stray else None)


def _user_folders() -> "PlatformDirs":
    # Late, as dotenv below: 13 ms of a start, most of which need one of them or neither.
    from platformdirs import PlatformDirs

    return PlatformDirs("sora-mcp")


def _from_file(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(file).items() if value is not None}


def _unknown(name: str) -> str:
    known = [field.upper() for field in Settings.model_fields]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    hint = f" Did you mean {PREFIX}{close[0]}?" if close else ""
    return f"{name} is not a setting and was ignored.{hint}"


def _check_names(settings: Settings) -> None:
    """Refuse an engine whose name the host of the base URL has already."""
    hosts = {authority(address).lower() for address in settings.base_urls}
    for engine in settings.named_engines:
        if engine.name.lower() in hosts:
            raise NotConfigured(
                f"{VARIABLE}, [{engine.name}]: the engine of {PREFIX}BASE_URL has that name. "
                "Give this one another, such as its model's."
            )


def _complaints(error: ValidationError, found: Mapping[str, str]) -> Iterator[str]:
    """What is wrong, under the names of the variables that were `found` to be set."""
    for problem in error.errors(include_url=False, include_input=False):
        yield f"{_name(str(problem['loc'][0]), found)} must be {wanted(problem)}."


def _name(field: str, found: Mapping[str, str]) -> str:
    """The variable that a field's value came from, among those that were `found` to be set."""
    name = PREFIX + field.upper()
    foreign = next((other for other, known in _FOREIGN.items() if known == field), name)
    return name if name in found else foreign


def _parsed(field: str, value: Any) -> Any:
    """The text of an environment variable in the form that its field takes."""
    if not isinstance(value, str):
        return value
    if field in ("input_dirs", "output_dirs"):
        return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)
    if field in ("home", "library", "auth_tokens_file"):
        return Path(value).expanduser()
    if field in ("allowed_hosts", "allowed_origins"):
        return tuple(part for part in re.split(r"[,\s]+", value) if part)
    if field in ("max_read_bytes", "max_file_bytes"):
        return _bytes(field, value)
    if field == "prices":
        return _prices(value)
    return value


def _bytes(field: str, value: str) -> int:
    match = re.fullmatch(r"(\d[\d_,]*)\s*([kmg]?)i?b?", value, re.IGNORECASE)
    if match is None:
        raise NotConfigured(f"{PREFIX}{field.upper()} must be a number of bytes, such as 720000.")
    return int(re.sub("[_,]", "", match[1])) * _UNITS[match[2].lower()]


def _prices(value: str) -> tuple[Price, ...]:
    try:
        if value.startswith("{"):
            return parse_prices(json.loads(value))
        return parse_prices(tomllib.loads(Path(value).expanduser().read_text(encoding="utf-8")))
    except OSError as error:
        raise NotConfigured(f"{PREFIX}PRICES: {value} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise NotConfigured(f"{PREFIX}PRICES will not do: {error}.") from error
