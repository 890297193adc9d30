"""Fetching from the public web: real TLS on loopback, which stands for the public internet."""

import datetime
import ssl
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sora_mcp.library.references import FolderReferences
from sora_mcp.videos.errors import InvalidReference
from sora_mcp.web import NotFetched, PublicWeb, is_public

NAMES = ["images.example", "other.example"]
PUBLIC = "93.184.216.34"
DEAD = "93.184.216.35"
IMAGE = b"an image" * 1000
MOST = 1_000_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for `NAMES` in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, NAMES)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Internet:
    """One HTTPS server behind every address, and a name service; remembers what was asked."""

    client_context: ssl.SSLContext
    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict[str, bytes])
    addresses: dict[str, list[Sequence[str]]] = field(
        default_factory=lambda: {name: [[PUBLIC]] for name in NAMES}
    )
    dialled: list[str] = field(default_factory=list[str])
    greeted: list[str | None] = field(default_factory=list[str | None])
    hosts: list[str] = field(default_factory=list[str])

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The next answer for a name; the last one is repeated."""
        answers = self.addresses.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def web(self, **options: float) -> PublicWeb:
        """A way into this internet."""
        return PublicWeb(resolve=self.resolve, network=lambda: _Wire(self), **options)

    async def serve(self, stream: ByteStream) -> None:
        """Answer one request with the page of its path."""
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            request, *lines = head.decode().split("\r\n")
            self.hosts += [line[6:] for line in lines if line.lower().startswith("host: ")]
            page = self.pages.get(request.split(" ")[1])
            if page is None:
                await anyio.sleep_forever()
            else:
                await stream.send(page)


class _Wire(httpx2.AsyncBaseTransport):
    """Leads every address to the server on loopback, and a dead one nowhere."""

    def __init__(self, internet: Internet) -> None:
        self._internet = internet
        self._direct = httpx2.AsyncHTTPTransport(verify=internet.client_context)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._internet.dialled.append(request.url.host)
        port = 1 if request.url.host == DEAD else self._internet.port
        url = request.url.copy_with(host="127.0.0.1", port=port)
        return await self._direct.handle_async_request(
            httpx2.Request("GET", url, headers=request.headers, extensions=request.extensions)
        )

    async def aclose(self) -> None:
        await self._direct.aclose()


@pytest.fixture
async def internet(certificate: Path) -> AsyncGenerator[Internet]:
    found = Internet(ssl.create_default_context(cafile=certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: found.greeted.append(name)
    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    found.port = tcp.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's, not Django's
    listener = TLSListener(tcp, context, standard_compatible=False)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, found.serve)
            yield found
            tasks.cancel_scope.cancel()
    await listener.aclose()


def page(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    length = [] if lines else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *length, *lines, "", ""]).encode() + body


def redirect(place: str) -> bytes:
    return page(b"", f"Location: {place}", "Content-Length: 0", status="302 Found")


async def test_an_image_is_fetched_from_the_checked_address_by_its_name(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    internet.pages["/cat.png"] = page(IMAGE)

    body = await internet.web().get("https://images.example/cat.png", most=MOST)

    assert body == IMAGE
    assert internet.dialled == [PUBLIC]
    assert internet.greeted == ["images.example"]
    assert internet.hosts == ["images.example"]


async def test_a_dead_address_is_passed_over(internet: Internet) -> None:
    internet.addresses["images.example"] = [[DEAD, PUBLIC]]
    internet.pages["/cat.png"] = page(IMAGE)

    assert await internet.web().get("https://images.example/cat.png", most=MOST) == IMAGE
    assert internet.dialled == [DEAD, PUBLIC]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["::1"], [PUBLIC, "192.168.1.1"], []],
)
async def test_a_name_with_any_private_address_is_never_dialled(
    internet: Internet, addresses: list[str]
) -> None:
    internet.addresses["images.example"] = [addresses]

    with pytest.raises(NotFetched, match="no public address"):
        await internet.web().get("https://images.example/cat.png", most=MOST)

    assert internet.dialled == []


async def test_a_name_that_turns_private_after_the_first_look_is_caught(
    internet: Internet,
) -> None:
    internet.addresses["images.example"] = [[PUBLIC], ["127.0.0.1"]]
    internet.pages["/cat.png"] = redirect("/other.png")
    internet.pages["/other.png"] = page(IMAGE)

    with pytest.raises(NotFetched, match="no public address"):
        await internet.web().get("https://images.example/cat.png", most=MOST)

    assert internet.dialled == [PUBLIC]


async def test_a_redirect_to_another_public_name_is_followed(internet: Internet) -> None:
    internet.pages["/cat.png"] = redirect("https://other.example/dog.png")
    internet.pages["/dog.png"] = page(IMAGE)

    assert await internet.web().get("https://images.example/cat.png", most=MOST) == IMAGE
    assert internet.greeted == ["images.example", "other.example"]
    assert internet.hosts == ["images.example", "other.example"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("http://other.example/dog.png", "leads to http:, and only https: is fetched"),
        ("https://127.0.0.1/dog.png", "127.0.0.1"),
        ("https://[::1]/dog.png", "::1"),
        ("https://nowhere.example/", "its host nowhere.example is not known"),
        ("file:///etc/passwd", "failed|leads to file"),
        ("/cat.png", "redirected more than 5 times"),
    ],
)
async def test_a_redirect_to_a_forbidden_place_is_not_followed(
    internet: Internet, place: str, words: str
) -> None:
    internet.pages["/cat.png"] = redirect(place)
    internet.addresses |= {"127.0.0.1": [["127.0.0.1"]], "::1": [["::1"]]}

    with pytest.raises(NotFetched, match=words):
        await internet.web().get("https://images.example/cat.png", most=MOST)

    assert set(internet.dialled) == {PUBLIC}


async def test_a_certificate_for_another_name_is_not_accepted(internet: Internet) -> None:
    internet.addresses["wrong.example"] = [[PUBLIC]]
    internet.pages["/cat.png"] = page(IMAGE)

    with pytest.raises(NotFetched, match="connection failed"):
        await internet.web().get("https://wrong.example/cat.png", most=MOST)

    assert internet.hosts == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(b"", status="404 Not Found"), "status 404"),
        (page(b"x", "Content-Length: 1000001"), "larger than 1 MB"),
        (page(bytes(1_000_001), "Connection: close"), "larger than 1 MB"),
        (page(b"\x1f\x8b", "Content-Encoding: gzip", "Content-Length: 2"), "compressed"),
        (page(b"short", "Content-Length: 1000"), "connection failed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "connection failed"),
    ],
)
async def test_an_answer_that_is_no_image_is_refused(
    internet: Internet, answer: bytes, words: str
) -> None:
    internet.pages["/cat.png"] = answer

    with pytest.raises(NotFetched, match=words):
        await internet.web().get("https://images.example/cat.png", most=MOST)


async def test_a_host_that_never_answers_is_given_up(internet: Internet) -> None:
    with pytest.raises(NotFetched, match="did not arrive within"):
        await internet.web(seconds=0.3).get("https://images.example/hangs.png", most=MOST)


BROKEN = ["https://", "https://1.1.1.1:99999/", "https://a b/", "https://a..b/", "https://[::1/"]


@pytest.mark.parametrize("url", [*BROKEN, f"https://{'x' * 64}.example/", "https://x/\x7f"])
async def test_a_broken_url_is_refused(url: str) -> None:
    with anyio.fail_after(60), pytest.raises(NotFetched):
        await PublicWeb().get(url, most=MOST)


async def test_a_reference_is_loaded_from_the_web(internet: Internet) -> None:
    internet.pages["/cat.png"] = page(IMAGE)
    references = FolderReferences([], web=internet.web())

    assert await references.load("https://images.example/cat.png") == IMAGE

    internet.pages["/cat.png"] = page(b"", status="404 Not Found")
    with pytest.raises(InvalidReference, match="status 404"):
        await references.load("https://images.example/cat.png")


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
    "0.0.0.0",  # noqa: S104  # nothing is bound to it
    "169.254.169.254",
    "[fe80::1]",
    "[64:ff9b::7f00:1]",
]


@pytest.mark.parametrize("host", SPELLINGS)
async def test_this_machine_and_its_network_are_not_reached_by_any_spelling(host: str) -> None:
    references = FolderReferences([])

    with anyio.fail_after(60), pytest.raises(InvalidReference, match=r"no public|not known"):
        await references.load(f"https://{host}/cat.png")


PUBLIC_ADDRESSES = [
    PUBLIC,
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
]
PRIVATE_ADDRESSES = [
    "0.0.0.0",  # noqa: S104  # nothing is bound to it
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1.1.1.1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_addresses_of_the_public_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_all_other_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)
