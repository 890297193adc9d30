"""Tokens of an OAuth issuer: who they stand for, what they allow, and which are refused."""

import base64
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from mcp.server.auth.provider import AccessToken
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from sora_mcp.http.access import Access, ProtectedResource
from sora_mcp.http.serve import serve_http
from sora_mcp.server.issuer import Issuer
from sora_mcp.server.owners import current_owner
from sora_mcp.server.scopes import READ
from sora_mcp.videos.errors import NotConfigured
from tests.fakes.issuer import AUDIENCE, FakeIssuer, Key
from tests.harness import app_in
from tests.http.served import META, MODERN, WAYS, bearer, client_at, message, served_before
from tests.server.surface import made, quick_host, structured
from tests.serving import serving

NAMES = {"Mcp-Method": "tools/call", "Mcp-Name": "generate_video"}
LIST = message("tools/list", _meta=META)
METADATA = "https://videos.example/.well-known/oauth-protected-resource/mcp"


@asynccontextmanager
async def an_issuer() -> AsyncGenerator[FakeIssuer]:
    issuer = FakeIssuer()
    async with serving(issuer.app()) as url:
        issuer.url = url
        yield issuer


@asynccontextmanager
async def trusting(issuer: FakeIssuer, folder: Path, **settings: Any) -> AsyncGenerator[str]:
    """A server that takes the tokens of an issuer; gives its root URL."""
    public: dict[str, Any] = {"oauth_issuer": issuer.url, "public_url": "https://videos.example"}
    async with served_before(quick_host(), folder, **(public | settings)) as url:
        yield url


@asynccontextmanager
async def requests_to(folder: Path) -> AsyncGenerator[tuple[FakeIssuer, httpx2.AsyncClient]]:
    async with (
        an_issuer() as issuer,
        trusting(issuer, folder) as url,
        httpx2.AsyncClient(base_url=url, timeout=30) as http,
    ):
        yield issuer, http


async def status_of(http: httpx2.AsyncClient, token: str) -> int:
    """Of a request that needs a token and nothing else."""
    headers = {**bearer(token), "Accept": "application/json, text/event-stream"}
    return (await http.post("/mcp", headers=headers, json=message("tools/list"))).status_code


@pytest.mark.parametrize("way", WAYS)
async def test_the_subject_of_a_token_is_the_owner(way: str, tmp_path: Path) -> None:
    async with an_issuer() as issuer, trusting(issuer, tmp_path) as url:
        async with client_at(url, way, issuer.token("anna")) as anna:
            video_id = await made(anna)
        async with client_at(url, way, issuer.token("anna", client_id="another")) as anna:
            listed = structured(await anna.call_tool("list_videos", {}))["videos"]
            assert [video["video_id"] for video in listed] == [video_id]
        async with client_at(url, way, issuer.token("ben")) as ben:
            assert structured(await ben.call_tool("list_videos", {}))["videos"] == []
        assert issuer.asked == 1


async def test_a_subject_is_never_taken_for_a_name_of_the_tokens_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("anna:token-of-anna")
    async with an_issuer() as issuer, trusting(issuer, tmp_path, auth_tokens_file=file) as url:
        async with client_at(url, WAYS[0], "token-of-anna") as anna:
            await made(anna)
        async with client_at(url, WAYS[0], issuer.token("anna")) as other:
            assert structured(await other.call_tool("list_videos", {}))["videos"] == []


async def test_a_subject_called_local_is_not_the_operator(tmp_path: Path) -> None:
    async with (
        an_issuer() as issuer,
        trusting(issuer, tmp_path, auth_token=SecretStr("operator")) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        async with client_at(url, WAYS[0], "operator") as operator:
            video_id = await made(operator)
        async with client_at(url, WAYS[0], issuer.token("local")) as other:
            assert structured(await other.call_tool("list_videos", {}))["videos"] == []
            seen = await other.call_tool("get_video_status", {"video_id": video_id})
            assert seen.is_error
        numbers = [
            await http.get("/metrics", headers=bearer(token))
            for token in ("operator", issuer.token("local"))
        ]
        assert [answer.status_code for answer in numbers] == [200, 403]


async def test_a_token_that_names_nobody_is_not_the_operators() -> None:
    class Careless:
        async def verify_token(self, token: str) -> AccessToken | None:
            return AccessToken(token="", client_id="local", scopes=[READ], resource=AUDIENCE)

    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(current_owner())(scope, receive, send)

    door = Access(who, Careless(), ProtectedResource(AUDIENCE, None))
    transport = httpx2.ASGITransport(door)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        with pytest.raises(PermissionError):
            await http.get("/mcp", headers=bearer("of nobody"))


async def test_clients_are_told_where_to_get_a_token(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        refused = await http.post("/mcp", json={})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == (
            f'Bearer resource_metadata="{METADATA}", scope="videos:read videos:write"'
        )
        told = await http.get("/.well-known/oauth-protected-resource/mcp")
        assert told.json() == {
            "resource": AUDIENCE,
            "authorization_servers": [issuer.url],
            "scopes_supported": ["videos:read", "videos:write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "sora-mcp",
        }
        assert issuer.asked == 0


async def test_a_token_that_is_not_quite_right_is_refused(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        good = issuer.token()
        assert await status_of(http, good) == 200
        head, body, signature = good.split(".")
        other = Key("first")
        shared = jwt.encode(
            {"iss": issuer.url, "aud": AUDIENCE, "sub": "anna", "exp": time.time() + 600},
            "x" * 64,
            "HS256",
            headers={"kid": "first"},
        )
        wrong = {
            "expired": issuer.token(exp=int(time.time()) - 60),
            "of no end": issuer.token(exp=None),
            "not yet": issuer.token(nbf=int(time.time()) + 600),
            "another audience": issuer.token(aud="https://elsewhere.example/mcp"),
            "no audience": issuer.token(aud=None),
            "another issuer": issuer.token(iss="https://elsewhere.example"),
            "nobody's": issuer.token(sub=None),
            "an empty name's": issuer.token(subject=""),
            "another's key": issuer.token(key=other),
            "unsigned": f"{_part(alg='none', kid='first')}.{body}.",
            "unsigned, shouted": f"{_part(alg='NONE', kid='first')}.{body}.",
            "signature cut off": f"{head}.{body}.",
            "signed with a secret": shared,
            "changed": f"{head}.{_part(**_claims(body), scope='all')}.{signature}",
            "keys of its own": f"{_part(alg='ES256', jku='http://evil.example')}.{body}.{signature}",
            "two parts": f"{head}.{body}",
            "no base64": "*.*.*",
            "no JSON": "e30.e30.e30",
            "bottomless": f"{_encoded('[' * 20_000)}.{body}.{signature}",
        }
        for what, token in wrong.items():
            assert await status_of(http, token) == 401, what
        assert await status_of(http, good) == 200


def _part(**values: Any) -> str:
    return _encoded(json.dumps(values))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _claims(body: str) -> dict[str, Any]:
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return {name: value for name, value in claims.items() if name != "scope"}


async def test_a_token_without_the_scope_to_write_can_look_and_no_more(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        looks = issuer.token(scope="openid videos:read")
        url = str(http.base_url).rstrip("/")
        writing: set[str] = set()
        for way in WAYS:
            async with client_at(url, way, looks) as client:
                assert not (await client.call_tool("list_videos", {})).is_error
                writing = {
                    tool.name
                    for tool in (await client.list_tools()).tools
                    if tool.annotations is not None and not tool.annotations.read_only_hint
                }
        assert len(writing) == 6
        for path in ("/mcp", "/messages/?session_id=0"):
            for tool in writing:
                call = message("tools/call", name=tool, arguments={"prompt": "a cat"})
                refused = await http.post(path, headers=bearer(looks), json=call)
                assert refused.status_code == 403, tool
                assert refused.headers["www-authenticate"] == (
                    f'Bearer resource_metadata="{METADATA}", scope="videos:read videos:write", '
                    'error="insufficient_scope"'
                )
        for scope in ("", "videos:write", None, 7):
            refused = await http.post(
                "/mcp", headers=bearer(issuer.token(scope=scope)), json=message("tools/list")
            )
            assert refused.status_code == 403
            assert 'scope="videos:read"' in refused.headers["www-authenticate"]


async def test_no_way_of_writing_a_message_hides_what_it_asks_for(tmp_path: Path) -> None:
    call = json.dumps(
        message("tools/call", name="generate_video", arguments={"prompt": "a cat"}, _meta=META)
    )
    async with requests_to(tmp_path) as (issuer, http):
        headers = MODERN | NAMES | bearer(issuer.token(scope="videos:read"))
        written = {
            "plainly": (call.encode(), 403),
            "with its name twice": (twice(call, "name", "list_videos"), 403),
            "with its method twice": (twice(call, "method", "tools/list"), 403),
            "with escapes": (call.replace("tools/call", r"tools\u002fcall").encode(), 403),
            "with another tool": (call.replace("generate_video", "generate").encode(), 403),
            "with a list for a name": (call.replace('"generate_video"', "[]").encode(), 403),
            "with a large number": (call.replace('"a cat"', "9" * 5000).encode(), 400),
            "among others": (f"[{call}]".encode(), 400),
            "in UTF-16": (call.encode("utf-16"), 400),
            "in UTF-16 without a mark": (call.encode("utf-16-le"), 400),
            "with half a character": (call.replace("a cat", r"\ud800").encode(), 400),
        }
        for how, (body, status) in written.items():
            answer = await http.post("/mcp", headers=headers, content=body)
            assert answer.status_code == status, how
        async with client_at(str(http.base_url).rstrip("/"), WAYS[0], issuer.token()) as client:
            assert structured(await client.call_tool("list_videos", {}))["videos"] == []


def twice(call: str, name: str, first: str) -> bytes:
    """The call with another value before the one that counts."""
    return call.replace(f'"{name}": ', f'"{name}": "{first}", "{name}": ').encode()


async def test_scopes_may_be_written_as_a_list_and_an_issuer_with_a_slash(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        token = issuer.token(scope=None, scp=["videos:read"], iss=f"{issuer.url}/", aud=[AUDIENCE])
        assert await status_of(http, token) == 200


async def test_upper_case_in_the_public_address_makes_no_difference(tmp_path: Path) -> None:
    async with (
        an_issuer() as issuer,
        trusting(issuer, tmp_path, public_url="https://Videos.Example:443") as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        told = (await http.get("/.well-known/oauth-protected-resource/mcp")).json()
        assert told["resource"] == AUDIENCE
        for host in ("videos.example", "VIDEOS.example", "videos.example:443"):
            names = {"Host": host, "Origin": "https://videos.example", "Mcp-Method": "tools/list"}
            headers = MODERN | names | bearer(issuer.token())
            assert (await http.post("/mcp", headers=headers, json=LIST)).status_code == 200, host


async def test_an_audience_of_the_operators_own_takes_the_place_of_the_address(
    tmp_path: Path,
) -> None:
    async with (
        an_issuer() as issuer,
        trusting(issuer, tmp_path, oauth_audience="sora") as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        assert await status_of(http, issuer.token(aud="sora")) == 200
        assert await status_of(http, issuer.token()) == 401


async def test_a_new_key_is_fetched_when_a_token_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        assert await status_of(http, issuer.token()) == 200
        issuer.keys.insert(0, Key("second"))
        for _ in range(3):
            refused = await http.post("/mcp", headers=bearer(issuer.token()), json={})
            assert refused.status_code == 503
            assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert issuer.asked == 1
        monkeypatch.setattr("sora_mcp.server.issuer.PAUSE_SECONDS", 0)
        assert await status_of(http, issuer.token()) == 200
        assert await status_of(http, issuer.token(key=issuer.keys[1])) == 200
        assert issuer.asked == 2
        assert await status_of(http, issuer.token(key=Key("unknown"))) == 401
        assert issuer.asked == 3


async def test_whoever_comes_while_keys_are_fetched_waits_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with an_issuer() as issuer:
        door = Issuer(issuer.url, AUDIENCE, AUDIENCE)
        let_in: list[bool] = []

        async def knock(token: str) -> None:
            let_in.append(await door.verify_token(token) is not None)

        async def arrive(token: str) -> None:
            issuer.hold()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(knock, token)
                await issuer.reached.wait()
                monkeypatch.undo()
                for _ in range(5):
                    tasks.start_soon(knock, token)
                await anyio.wait_all_tasks_blocked()
                issuer.released.set()

        with anyio.fail_after(60):
            await arrive(issuer.token())
            first = issuer.keys[0]
            issuer.keys.insert(0, Key("second"))
            monkeypatch.setattr("sora_mcp.server.issuer.PAUSE_SECONDS", 0)
            await arrive(issuer.token())
            assert let_in == [True] * 12
            assert issuer.asked == 2
            monkeypatch.setattr("sora_mcp.server.issuer.PAUSE_SECONDS", 0)
            monkeypatch.setattr("sora_mcp.server.issuer.FRESH_SECONDS", 0)
            issuer.hold()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(knock, issuer.token())
                await issuer.reached.wait()
                await knock(issuer.token(key=first))
                assert let_in == [True] * 13
                issuer.released.set()


async def test_keys_may_leave_their_algorithm_open_and_tokens_their_key() -> None:
    async with an_issuer() as issuer:
        told, quiet = Key("told", "RS256"), Key("quiet", "RS256", told=False)
        issuer.keys = [Key("first"), Key("second"), told, quiet]
        door = Issuer(issuer.url, AUDIENCE, AUDIENCE)
        for algorithm in ("RS256", "RS512", "PS256", "PS512"):
            assert await door.verify_token(issuer.token(key=quiet, algorithm=algorithm)), algorithm
        assert await door.verify_token(issuer.token(key=told))
        assert await door.verify_token(issuer.token(key=told, algorithm="PS256")) is None
        for key in issuer.keys:
            assert await door.verify_token(issuer.token(key=key, key_named=False)), key.key_id
        stranger = issuer.token(key=Key("second"), key_named=False)
        assert await door.verify_token(stranger) is None
        assert issuer.asked == 1


async def test_a_clock_that_is_a_little_slow_makes_no_token_expire(tmp_path: Path) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        assert await status_of(http, issuer.token(exp=int(time.time()) - 2)) == 200


async def test_while_an_issuer_is_silent_its_known_keys_go_on_and_nobody_is_turned_away_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with requests_to(tmp_path) as (issuer, http):
        issuer.down = True
        for _ in range(2):
            refused = await http.post("/mcp", headers=bearer(issuer.token()), json={})
            assert refused.status_code == 503
            assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert issuer.asked == 1
        monkeypatch.setattr("sora_mcp.server.issuer.PAUSE_SECONDS", 0)
        issuer.down = False
        assert await status_of(http, issuer.token()) == 200
        issuer.down = True
        monkeypatch.setattr("sora_mcp.server.issuer.FRESH_SECONDS", 0)
        assert await status_of(http, issuer.token()) == 200
        assert issuer.asked == 3
        monkeypatch.setattr("sora_mcp.server.issuer.LONGEST_SECONDS", 0)
        assert await status_of(http, issuer.token()) == 503


@pytest.mark.parametrize(
    "url", ["http://login.example", "login.example", "https://", "https://x.example?y=1"]
)
async def test_an_issuer_without_https_is_refused_at_the_start(url: str, tmp_path: Path) -> None:
    async with app_in(tmp_path, engine="embedded", oauth_issuer=url) as app:
        with anyio.fail_after(60), pytest.raises(NotConfigured, match="SORA_MCP_OAUTH_ISSUER"):
            await serve_http(app, port=0)
