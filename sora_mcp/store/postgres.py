"""PostgreSQL: what its address may be, and what goes wrong with it, in our words."""

import os

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sora_mcp.videos.errors import NotConfigured

_PARAMETERS = frozenset({"host", "port", "ssl", "sslmode"})
"""What may follow the question mark of an address."""


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
    if unknown := sorted(set(url.query) - _PARAMETERS):
        raise NotConfigured(
            f"SORA_MCP_DATABASE_URL: the driver has no {' and no '.join(unknown)}; after the "
            f"question mark there may be {', '.join(sorted(_PARAMETERS))}."
        )
    # asyncpg calls libpq's `sslmode` by another name.
    query = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def place_of(url: URL) -> str:
    """Where a database is, for the log: its host, port and name, and no user."""
    place = URL.create("postgresql", None, None, url.host, url.port, url.database, url.query)
    return place.render_as_string()


def trouble_of(cause: BaseException | None) -> str:
    """What is the matter, as the end of a sentence that begins with the name of the ledger.

    It names no host, port and user, which the driver's own words do: clients read it.
    """
    if isinstance(cause, OSError):
        # The texts of asyncio and of the driver have addresses in them.
        reason = os.strerror(cause.errno) if (cause.errno or 0) > 0 else "no answer"
    else:
        reason = str(cause or "no answer").partition("\n")[0]
    return f"cannot be used just now: {reason}. Try again."
