"""Fetching from the public internet for somebody who must not reach our own network through us.

Every request, also after a redirect, goes over https to an address that was looked up and checked
here; the name is used for TLS and nothing looks it up again. Loaded on first use, for httpx2.
"""

import functools
import ssl
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Network, ip_address
from socket import SOCK_STREAM

import anyio
import httpx2

MAX_SECONDS = 20
"""For a fetch in all, redirects included."""

MAX_REDIRECTS = 5

HTTPS_PORT = 443
MAX_PORT = 65_535

_CONNECT_SECONDS = 5.0
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    # A connection was made for one name and its certificate checked for that name: to another
    # name at the same address it must not be used again.
    "Connection": "close",
}
_IPV6_UNICAST = IPv6Network("2000::/3")
"""All public IPv6 addresses so far (IANA, IPv6 Global Unicast Address Space)."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in IPv6 networks (RFC 6052)."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host. Raises OSError."""


@functools.cache
def certificates() -> ssl.SSLContext:
    """The authorities that TLS trusts, read once: each client would read all of them anew, which
    takes longer than the rest of opening an engine."""
    return httpx2.create_ssl_context()


def direct() -> httpx2.AsyncBaseTransport:
    """The system's own way to any address."""
    return httpx2.AsyncHTTPTransport(verify=certificates())


class NotFetched(ValueError):
    """The URL cannot be had; the message says why."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also one that wraps another."""
    ip = ip_address(address)
    if not isinstance(ip, IPv4Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            wrapped = IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
        if ip not in _IPV6_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for a host's addresses."""
    found = await anyio.getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(address[0] for *_, address in found))


class PublicWeb:
    """Downloads from public addresses."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        network: Callable[[], httpx2.AsyncBaseTransport] = direct,
        seconds: float = MAX_SECONDS,
    ) -> None:
        """`network`: makes the way to the addresses; the system's own by default."""
        self._resolve = resolve
        self._network = network
        self._seconds = seconds

    async def get(self, url: str, *, most: int) -> bytes:
        """The body, at most `most` bytes.

        Raises:
            NotFetched: No https, no public address, an error, too much or too slow.
        """
        transport = PinnedTransport(self._network(), self._resolve)
        try:
            with anyio.fail_after(self._seconds):
                async with httpx2.AsyncClient(
                    transport=transport,
                    follow_redirects=True,
                    max_redirects=MAX_REDIRECTS,
                    timeout=httpx2.Timeout(self._seconds, connect=_CONNECT_SECONDS),
                    headers=_HEADERS,
                ) as client:
                    return await _body(client, url, most)
        except TimeoutError:
            raise NotFetched(f"it did not arrive within {self._seconds:g} seconds") from None
        except httpx2.TooManyRedirects:
            raise NotFetched(f"it was redirected more than {MAX_REDIRECTS} times") from None
        except httpx2.InvalidURL:
            raise NotFetched("it is not a valid URL") from None
        except httpx2.HTTPError as error:
            raise NotFetched(f"the connection failed ({type(error).__name__})") from error


async def _body(client: httpx2.AsyncClient, url: str, most: int) -> bytes:
    async with client.stream("GET", url) as response:
        if response.status_code != HTTPStatus.OK:
            raise NotFetched(f"its host answered with status {response.status_code}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NotFetched("its host sent it compressed, which was not asked for")
        length = response.headers.get("Content-Length", "")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > most or (length.isdigit() and int(length) > most):
                raise NotFetched(f"it is larger than {most // 1_000_000} MB")
        return bytes(body)


class PinnedTransport(httpx2.AsyncBaseTransport):
    """Sends each request to an address that has been checked."""

    def __init__(
        self,
        network: httpx2.AsyncBaseTransport | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        """`network`: the way to the addresses; the system's own by default."""
        self._network = network or direct()
        self._resolve = resolve

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Raises `NotFetched` when its target may not be reached."""
        if request.url.scheme != "https":
            raise NotFetched(f"it leads to {request.url.scheme}:, and only https: is fetched")
        host, port = request.url.raw_host.decode("ascii"), request.url.port or HTTPS_PORT
        if not 0 < port <= MAX_PORT:
            raise NotFetched(f"its host has no port {port}")
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotFetched(f"its host {host} is not known") from error
        if not addresses or not all(map(is_public, addresses)):
            raise NotFetched(f"its host {host} has no public address")
        failure = httpx2.ConnectError(f"{host} has no address", request=request)
        for address in addresses:
            try:
                return await self._network.handle_async_request(_at(request, address, host))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close the way."""
        await self._network.aclose()


def _at(request: httpx2.Request, address: str, host: str) -> httpx2.Request:
    """The request, sent to an address; Host header, SNI and certificate stay with the name."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        extensions={**request.extensions, "sni_hostname": host},
    )
