"""The file of named engines (`SORA_MCP_ENGINES_FILE`): several hosts, each with its own key.

One TOML table per engine; its name is what `model` may begin with (`wan/Wan2.2-T2V`):

    [veo]
    base_url = "https://openrouter.ai/api/v1"
    api_key_env = "OPENROUTER_API_KEY"    # the variable that holds the key
    model = "google/veo-3.1-fast"         # model, size, seconds: for calls that name none
    prices = { "google/veo-3.1-fast" = 0.12 }
    max_active_jobs = 2
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from sora_mcp.addresses import BOTH, BaseUrls, has_password
from sora_mcp.complaints import wanted
from sora_mcp.videos.checks import MAX_SECONDS, check_size
from sora_mcp.videos.errors import InvalidRequest, NotConfigured
from sora_mcp.videos.spending import Price, parse_model_prices

VARIABLE = "SORA_MCP_ENGINES_FILE"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.IGNORECASE)
_OURS = ("embedded", "local")
_VARIABLE_NAME = re.compile(r"(?=.{1,50}$)_?[A-Z][A-Z0-9]{0,14}(_[A-Z0-9]{1,15})*")
"""What looks like the name of a variable, and not like a key that was put in its place."""


def _header_safe(key: SecretStr) -> SecretStr:
    value = key.get_secret_value()
    for place, character in enumerate(value, 1):
        if not " " <= character <= "~":
            raise ValueError(
                f"a key as it was issued: character {place} of {len(value)} is one that no key "
                "has; paste it again"
            )
    return key


def _a_size(size: str) -> str | None:
    try:
        return check_size(size)
    except InvalidRequest as error:
        raise ValueError("a size such as 1280x720 or 720x1280") from error


Key = Annotated[SecretStr, AfterValidator(_header_safe)]
"""A key that a header can carry. Where it will not do, the error never shows it."""
Size = Annotated[str, AfterValidator(_a_size)]
Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS)]


class NamedEngine(BaseModel):
    """One engine of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_url: BaseUrls
    """Several, separated by spaces, only if they are replicas of one host."""
    api_key_env: str | None = None
    api_key: Key | None = None
    dialect: str | None = None
    model: Annotated[str | None, StringConstraints(strip_whitespace=True)] = None
    size: Size | None = None
    seconds: Seconds | None = None
    prices: dict[str, Any] = {}
    """USD per second by model, or by model and size."""
    max_active_jobs: Annotated[int | None, Field(ge=1, le=1000)] = None
    min_submit_interval: Annotated[float | None, Field(ge=0, le=3600)] = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The base URLs of its replicas."""
        return tuple(self.base_url.split())

    def price_rows(self) -> tuple[Price, ...]:
        """Its prices. Raises ValueError where they have another shape."""
        return parse_model_prices(self.prices)


def read_engines(path: Path, environ: Mapping[str, str]) -> tuple[NamedEngine, ...]:
    """The engines of a file, in its order; the keys come from `environ`.

    Raises:
        NotConfigured: It cannot be read, or something in it will not do; never shows a key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotConfigured(f"{VARIABLE}: {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{VARIABLE}: {path} is no TOML: {error}.") from error
    if not tables:
        raise NotConfigured(f"{VARIABLE}: {path} names no engine; write a table such as [wan].")
    return tuple(_engine(name, table, environ) for name, table in tables.items())


def _engine(name: str, table: object, environ: Mapping[str, str]) -> NamedEngine:
    place = f"{VARIABLE}, [{name}]"
    if not isinstance(table, dict):
        raise NotConfigured(f"{VARIABLE}: {name} belongs into a table, such as [wan].")
    values: dict[str, Any] = {**cast("dict[str, Any]", table), "name": name}
    nested = next((key for key, value in values.items() if _is_nested(key, value)), None)
    if nested is not None:
        raise NotConfigured(
            f"{place}: {nested} is a table inside of it. A name with a dot needs quotation marks: "
            f'["{name}.{nested}"].'
        )
    if not _NAME.fullmatch(name) or name.lower() in _OURS:
        raise NotConfigured(
            f"{place}: an engine's name has letters, digits, '.', '_' and '-', and is not "
            f"{' or '.join(_OURS)}."
        )
    if "api_key" in values:
        raise NotConfigured(
            f"{place}: a key does not belong into this file. Put it into a variable and name that "
            "with api_key_env."
        )
    variable = values.get("api_key_env")
    if variable is not None:
        value = environ.get(str(variable), "").strip()
        if not value or "${" in value:
            raise NotConfigured(f"{place}: {_without_key(str(variable))}")
        values["api_key"] = value
    try:
        engine = NamedEngine(**values)
        engine.price_rows()
    except ValidationError as error:
        raise NotConfigured(f"{place}: {_complaint(error, str(variable))}") from None
    except ValueError as error:
        raise NotConfigured(f"{place}: prices must be {error}.") from error
    if engine.api_key is not None and any(map(has_password, engine.addresses)):
        raise NotConfigured(f"{place}: api_key_env, and a base_url {BOTH}")
    return engine


def _is_nested(key: str, value: object) -> bool:
    """Whether TOML took a name with a dot in it for a table in a table."""
    return isinstance(value, dict) and key not in NamedEngine.model_fields


def _without_key(variable: str) -> str:
    """What is wrong with an `api_key_env` that leads to no key; it may be the key itself."""
    if _VARIABLE_NAME.fullmatch(variable):
        return f"api_key_env names {variable}, which is not set."
    return (
        "the value of api_key_env is not the name of an environment variable. Put the key into a "
        "variable such as WAN_API_KEY, and that name here."
    )


def _complaint(error: ValidationError, key_variable: str) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, problem["loc"]))
    match problem["type"]:
        case "missing":
            return f"{field} is missing."
        case "extra_forbidden":
            known = [name for name in NamedEngine.model_fields if name not in ("name", "api_key")]
            close = difflib.get_close_matches(field, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
            return f"{field} is not known. {hint}"
        case _:
            return f"{key_variable if field == 'api_key' else field} must be {wanted(problem)}."
