"""PostgreSQL: what its address may be, and what goes wrong with it, in our words."""

import os
import socket
import ssl

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sora_mcp.videos.errors import NotConfigured

_PARAMETERS = frozenset({"host", "port", "ssl", "sslmode"})
"""What may follow the question mark of an address."""

_SSL = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""https://www.postgresql.org/docs/current/libpq-ssl.html"""

_POOLED = (
    "is behind a pooler that gives each transaction another connection. Have it give each session "
    "one (PgBouncer: pool_mode = session), or let SORA_MCP_DATABASE_URL lead past it."
)

READ_ONLY = (
    "takes no writes: it is a standby, or was set to read only. Let SORA_MCP_DATABASE_URL lead to "
    "the primary."
)

_TROUBLES = {
    "25006": READ_ONLY,
    # What the driver runs into when the statements that it has prepared are another connection's.
    "26000": _POOLED,
    "42P05": _POOLED,
    "28": "does not let us in: correct the user and password in SORA_MCP_DATABASE_URL "
    "(percent-encoded: @ is %40), or the server's pg_hba.conf.",
    "3D000": "does not exist: correct the database's name in SORA_MCP_DATABASE_URL, or make it "
    "(CREATE DATABASE).",
    "42501": "does not allow that to the user of SORA_MCP_DATABASE_URL: make the user the owner of "
    "the database, or grant all rights on its schema and tables.",
    "53300": "has no connection to give away: raise the server's max_connections (or the limit of "
    "the user in SORA_MCP_DATABASE_URL), or run fewer replicas.",
}
"""By SQLSTATE, or what it begins with."""

_FORBIDDEN = ("28", "3D000", "42501")
"""Those that nothing but another setting ends, here or there."""


def address_of(address: str) -> URL:
    """A `postgresql://…` address for the driver.

    Raises:
        NotConfigured: It is not one; nothing is repeated that may be part of its password.
    """
    if address.count("@") > 1:
        raise NotConfigured(
            "SORA_MCP_DATABASE_URL has more than one @: percent-encode those of the user and the "
            "password (@ is %40)."
        )
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    except ValueError:
        raise NotConfigured(
            "SORA_MCP_DATABASE_URL: what follows the colon after the host has to be a port, a "
            "number; percent-encode the password, if it is part of that (: is %3A, / is %2F)."
        ) from None
    if url is None or url.drivername not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise NotConfigured(
            "SORA_MCP_DATABASE_URL must look like postgresql://user:password@host/database; "
            "without it the ledger is a file in SORA_MCP_HOME."
        )
    ports = [str(url.port or 5432), *",".join(url.normalized_query.get("port", ())).split(",")]
    if not all(port.isdecimal() and 0 < int(port) < 65536 for port in filter(None, ports)):
        raise NotConfigured("SORA_MCP_DATABASE_URL: a port is a number from 1 to 65535.")
    if unknown := sorted(set(url.query) - _PARAMETERS):
        raise NotConfigured(
            f"SORA_MCP_DATABASE_URL: the driver has no {' and no '.join(unknown)}; after the "
            f"question mark there may be {', '.join(sorted(_PARAMETERS))}."
        )
    if not {url.query.get(name, "prefer") for name in ("ssl", "sslmode")} <= set(_SSL):
        raise NotConfigured(f"SORA_MCP_DATABASE_URL: `ssl` is one of {', '.join(_SSL)}.")
    # asyncpg calls libpq's `sslmode` by another name.
    query = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def place_of(url: URL) -> str:
    """Where a database is, for the log: its host, port and name, and no user."""
    place = URL.create("postgresql", None, None, url.host, url.port, url.database, url.query)
    return place.render_as_string()


def forbids(cause: BaseException | None) -> bool:
    """Whether a database that is there wants nothing of us: no waiting helps."""
    return _state_of(cause).startswith(_FORBIDDEN)


def _state_of(cause: BaseException | None) -> str:
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    return str(getattr(cause, "sqlstate", None) or "")


def trouble_of(cause: BaseException | None) -> str:
    """What is the matter, as the end of a sentence that begins with the name of the ledger.

    It names no host, port and user, which the driver's own words do: clients read it.
    """
    state = _state_of(cause)
    for beginning, trouble in _TROUBLES.items():
        if state.startswith(beginning):
            return trouble
    if isinstance(cause, socket.gaierror):
        return (
            "cannot be found: nobody knows the host of SORA_MCP_DATABASE_URL. Correct its name, or "
            "the network's DNS."
        )
    # The driver has no class of its own for a server that refuses it.
    if isinstance(cause, ssl.SSLError) or (isinstance(cause, OSError) and "SSL" in str(cause)):
        return (
            "cannot be reached over TLS. Set `ssl` in SORA_MCP_DATABASE_URL to what the server "
            "offers (?ssl=disable, prefer, require, verify-full), or give the server a certificate."
        )
    if type(cause).__name__ == "InternalClientError":
        # The driver was asked something just when the server ended the connection.
        reason = "the connection was closed"
    elif isinstance(cause, OSError):
        # The texts of asyncio and of the driver have addresses in them.
        number = cause.errno or 0
        reason = os.strerror(number) if number > 0 else "no answer"
    else:
        reason = str(cause or "no answer").partition("\n")[0]
    return f"cannot be used just now: {reason}. Try again."
