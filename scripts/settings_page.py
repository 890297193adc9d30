"""docs/settings.md, from the fields of `sora_mcp.settings.Settings`."""

import ast
import inspect
import re
from functools import cache
from itertools import pairwise
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from sora_mcp.settings import PREFIX, Settings

GROUPS = {
    "The engine": ("base_url", "api_key", "engine", "engines_file", "dialect"),
    "New videos": ("model", "size", "seconds"),
    "Folders and files": (
        "home",
        "library",
        "input_dirs",
        "output_dirs",
        "share_paths",
        "max_read_bytes",
        "max_file_bytes",
        "database_url",
        "storage_url",
    ),
    "Cost": (
        "prices",
        "max_cost_usd",
        "daily_budget_usd",
        "server_daily_budget_usd",
        "confirm_above_usd",
    ),
    "Jobs": ("max_active_jobs", "min_submit_interval", "job_timeout_seconds"),
    "HTTP": (
        "auth_token",
        "auth_tokens_file",
        "oauth_issuer",
        "oauth_audience",
        "max_concurrent_requests",
        "max_requests_per_minute",
        "public_url",
        "allowed_hosts",
        "allowed_origins",
        "secret_keys",
    ),
    "Webhooks": ("openai_webhook_secret", "webhook_url", "webhook_secret"),
    "Logs": ("log_level", "log_format"),
}
ELSE_OPENAIS = {"base_url": "OPENAI_BASE_URL", "api_key": "OPENAI_API_KEY"}
DEFAULTS = {
    "base_url": "none: the embedded engine",
    "dialect": "recognised",
    "model": "the engine's",
    "size": "the engine's",
    "seconds": "the engine's",
    "home": "the platform's user data folder",
    "library": "the platform's videos folder + `sora-mcp`",
    "input_dirs": "the library; over stdio also the working folder, unless that is the root, a "
    "home, a system or a hidden folder; none with access control",
    "output_dirs": "as `SORA_MCP_INPUT_DIRS`",
    "database_url": "SQLite in the home folder",
    "storage_url": "the library folder",
    "prices": "OpenAI's list prices for its models; 0 on the embedded engine",
    "max_cost_usd": "no limit",
    "daily_budget_usd": "no limit",
    "server_daily_budget_usd": "no limit",
    "confirm_above_usd": "never",
    "min_submit_interval": "1; 0 on the embedded engine",
    "max_file_bytes": "2 GiB",
    "oauth_audience": "the address of `/mcp`, below `SORA_MCP_PUBLIC_URL`",
    "public_url": "its own address, on loopback",
    "secret_keys": "random at each start",
}

INTRODUCTION = """\
# Settings

All settings are environment variables. Flags win over variables, variables over an env file. An
env file is read only from `SORA_MCP_HOME` (named `.env`) or from `--env-file`, never from the
working folder: clients start servers inside strangers' projects. A value that still holds an
unsubstituted `${…}` counts as unset. An unknown `SORA_MCP_…` name gets a warning that names the
setting that was probably meant.

Lists of folders are separated as the platform separates them (`:`, on Windows `;`), a leading `~`
is your home folder, byte counts may carry a unit (`2 GiB`).

This page is written by `scripts/generate.py`.
"""


def settings_page() -> str:
    """The text of docs/settings.md."""
    grouped = [name for names in GROUPS.values() for name in names]
    if sorted(grouped) != sorted(Settings.model_fields):
        missing = set(Settings.model_fields).symmetric_difference(grouped)
        raise SystemExit(f"GROUPS and Settings differ: {', '.join(sorted(missing))}")
    sections = [INTRODUCTION]
    for title, names in GROUPS.items():
        rows = [_row(name, Settings.model_fields[name]) for name in names]
        sections.append(
            "\n".join(
                [f"## {title}", "", "| variable | meaning | default |", "|---|---|---|", *rows]
            )
            + "\n"
        )
    return "\n".join(sections)


def _row(name: str, field: FieldInfo) -> str:
    variable = f"`{variable_of(name)}`"
    if name in ELSE_OPENAIS:
        variable += f", else `{ELSE_OPENAIS[name]}`"
    meaning = meaning_of(name)
    if get_origin(field.annotation) is Literal:
        values = ", ".join(f"`{value}`" for value in get_args(field.annotation))
        meaning += f" One of {values}."
    if SecretStr in kinds_of(field.annotation):
        meaning += " Secret: never shown."
    return f"| {variable} | {meaning} | {_default(name, field)} |"


def kinds_of(annotation: Any) -> list[Any]:
    """The types that a value may have, whatever is said about them besides."""
    return [annotation, *(kind for part in get_args(annotation) for kind in kinds_of(part))]


def variable_of(name: str) -> str:
    """The environment variable of a field."""
    return name.upper() if name == "openai_webhook_secret" else PREFIX + name.upper()


def meaning_of(name: str) -> str:
    """What a setting means, in one line."""
    return re.sub(r"\s+", " ", _meanings()[name]).strip()


@cache
def _meanings() -> dict[str, str]:
    """What is said below each field."""
    tree = ast.parse(inspect.getsource(Settings))
    meanings: dict[str, str] = {}
    for field, said in pairwise(cast("ast.ClassDef", tree.body[0]).body):
        match field, said:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(meaning))):
                meanings[name] = meaning
            case _:
                pass
    return meanings


def _default(name: str, field: FieldInfo) -> str:
    if name in DEFAULTS:
        return DEFAULTS[name]
    if field.default in (None, ()):
        return "–"
    default: object = field.default
    return f"{default:,}" if isinstance(default, int | float) else f"`{default}`"
