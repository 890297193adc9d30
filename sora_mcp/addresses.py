"""Addresses of hosts and of this server: what may be one, and how it is shown to people."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EXAMPLE = "http://127.0.0.1:8000/v1"


def authority(address: str) -> str:
    """Host and port of a base URL, without the user and password that may be before them."""
    return urlsplit(address).netloc.rpartition("@")[2]


def shown(address: str) -> str:
    """A URL as people may see it: without user, password and query, which may be secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{authority(address)}{parts.path}"


BOTH = (
    "with a user and password contradict each other, because only one of them can be sent. Remove "
    "the key, or the user and password."
)
"""Why a key and a password in a base URL, which is named before this, cannot be used together."""


def has_password(address: str) -> bool:
    """Whether a base URL says with which user and password its host is asked."""
    return "@" in urlsplit(address).netloc


def _checked(value: str) -> str:
    """Base URLs of replicas, separated by spaces. Raises ValueError that says what they must be."""
    addresses = value.split() or [value]
    for address in addresses:
        wanted = _wanted(address)
        if wanted is not None:
            raise ValueError(wanted)
    return " ".join(map(_one_way, addresses))


def _one_way(address: str) -> str:
    """A base URL with its host in lower case: hosts are the same in any."""
    parts = urlsplit(address)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{authority(address).lower()}").geturl()


BaseUrls = Annotated[str, AfterValidator(_checked)]
"""A base URL, or several of replicas, separated by spaces.

Where it will not do, the error says what it must be, and never shows it: it may hold a password.
"""


def _public(value: str) -> str:
    if _wanted(value) is not None or has_password(value):
        raise ValueError("the address of this server, such as https://videos.example.com")
    return value


PublicUrl = Annotated[str, AfterValidator(_public)]
"""The address that this server is reached by."""


_WANTED_RECEIVER = (
    "an address such as https://n8n.example.com/webhook/videos; http:// will do on this machine"
)


def check_receiver(value: SecretStr) -> SecretStr:
    """Where webhooks may be sent. Raises ValueError that says what it must be."""
    address, _, _ = value.get_secret_value().partition("?")
    if _wanted(address) is not None or has_password(address):
        raise ValueError(_WANTED_RECEIVER)
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(_WANTED_RECEIVER)
    return value


ReceiverUrl = Annotated[SecretStr, AfterValidator(check_receiver)]
"""Where webhooks are sent; secret, because whoever knows such an address can often post to it."""


_STORAGE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._=-]+)*)/?")
"""A bucket's name: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""


def _storage(value: str) -> str:
    place = _STORAGE.fullmatch(value)
    if place is None or {".", ".."} & set(place[2].split("/")):
        raise ValueError(
            "the address of a bucket, such as s3://bucket/prefix; its key is not part of it, but "
            "in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return value.rstrip("/")


StorageUrl = Annotated[str, AfterValidator(_storage)]
"""A bucket, and what the names of objects in it begin with, without a slash at the end.

Where it will not do, the error never shows it: it may hold a password.
"""


def _wanted(address: str) -> str | None:
    """What an address must be, where it is not that."""
    if "," in address:
        return f"a URL such as {EXAMPLE}; several are separated by spaces, not by commas"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        return f"a URL such as {EXAMPLE}; its host or port cannot be one"
    if parts.scheme.lower() not in ("http", "https"):
        return f"a URL such as {EXAMPLE}, with http:// or https:// at its beginning"
    if not host or port == 0:
        return f"a URL such as {EXAMPLE}, with a host, and a port above 0 if any"
    if "?" in address or "#" in address:
        return f"a URL such as {EXAMPLE}, without '?' or '#'; a key has a setting of its own"
    return None
