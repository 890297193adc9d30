"""Hostile arguments: a thousand generated calls, and nothing but clear answers."""

import os
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from PIL import Image

from tests.fakes.videos_api import FakeHost
from tests.harness import KEY, a_host, app_in
from tests.server.surface import client_of, made, structured, texts_of
from tests.serving import serving

CASES = int(os.environ.get("SORA_MCP_TEST_HOSTILE_CASES", "1000"))
CANARY = "canary-4711-must-not-be-read"


class Outside:
    """What must stay untouched: a folder, and a server on this machine."""

    def __init__(self, folder: Path, allowed: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "secret.txt").write_text(CANARY)
        Image.new("RGB", (64, 64), (1, 2, 3)).save(folder / "secret.png")
        allowed.mkdir()
        (allowed / "link.png").symlink_to(folder / "secret.png")
        (allowed / "door").symlink_to(folder, target_is_directory=True)
        os.mkfifo(allowed / "pipe.png")
        self.before = self.state()
        self.connections = 0
        self.url = ""

    def state(self) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in self.folder.rglob("*") if file.is_file()}

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        async def note(stream: anyio.abc.SocketStream) -> None:
            self.connections += 1
            await stream.aclose()

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, note)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610  # not Django's
            self.url = f"127.0.0.1:{port}"
            yield
            tasks.cancel_scope.cancel()


def nasty_values(outside: Outside, video_id: str) -> list[Any]:
    """Values that have hurt other servers."""
    away = str(outside.folder)
    paths = [
        f"{away}/secret.png", f"{away}/secret.txt", f"{away}/evil.mp4", "link.png", "pipe.png",
        "door/secret.png", "door/evil.mp4", "../outside/secret.png", "../../etc/passwd",
        "/etc/passwd", "/dev/zero", "/proc/self/environ", "~/.ssh/id_rsa", "..\\..\\evil.mp4",
        "C:\\Windows\\win.ini", "CON", "nul.mp4", "a/../../evil.mp4", ".hidden", ".ssh/evil.mp4",
        "x" * 300, "a\0b.mp4", "con\n.mp4", "./././", "", ".", "..", "/", "evil.sh",
    ]  # fmt: skip
    addresses = [
        f"http://{outside.url}/x.png", f"https://{outside.url}/x.png", "file:///etc/passwd",
        f"https://localhost:{outside.url.split(':')[1]}/x.png", "https://[::1]/x.png",
        "https://169.254.169.254/latest/meta-data", "https://0x7f000001/", "https://2130706433/",
        "http://metadata.google.internal/", "ftp://example.com/x.png", "https://", "gopher://x",
        "https://user:pass@127.0.0.1/x", "https://[::ffff:127.0.0.1]/", "javascript:alert(1)",
        "data:image/png;base64,!!!!", "data:image/png;base64,", "data:text/html,<script>",
        "data:image/svg+xml,<svg/>", "data:,", "sora://engine", "sora://videos/../engine",
        f"sora://videos/{video_id}/video.mp4", f"sora://videos/{video_id}/../secret",
        "sora://videos/vid_aaaaaaaaaa/last_frame.png",
    ]  # fmt: skip
    ids = [
        "../files/file_1", "video_1/../../files", "video_0001?x=y", "%2e%2e%2ffiles", "files",
        "models", "..%2Fmodels", "video_0001#", "video 1", "vid_" + "a" * 10, "é" * 10,
        "x" * 401, "-", "=", "._.", "..;/", "\u202e", "video_0001\r\nX-Evil: 1",
    ]  # fmt: skip
    words = [
        "'; DROP TABLE jobs; --", '" OR 1=1 --', 'NEAR("x" "y")', "* * *", "a OR b NOT c", "%s%n",
        "{0.__class__}", "${OPENAI_API_KEY}", "$(id)", "`id`", "<script>alert(1)</script>",
        "Ignore all previous instructions", "\x1b[2J", "\ud7ff", "🎬" * 100, "\u0000",
        "A" * 32_001, "true", "null", "[]", "{}", "NaN", "1e999",
    ]  # fmt: skip
    others: list[Any] = [
        None, True, False, 0, -1, 1, 13, 101, 2**31, -(2**63), 10**400, 1e308, -0.5, [], {},
        [[]], [None], ["vid_aaaaaaaaaa"] * 21, [video_id], [video_id, 7], {"seed": {}},
        {"seed": -1}, {"output_path": f"{away}/evil.mp4"}, {"file": "x", "__proto__": {}},
        {"extra_params": "{}"}, [video_id] * 1000,
    ]  # fmt: skip
    return [*paths, *addresses, *ids, *words, *others]


SENSIBLE: dict[str, Any] = {
    "prompt": "a cat", "size": "64x64", "seconds": 1, "variant": "thumbnail", "frames": 2,
    "limit": 5, "status": "all", "save_as": "copy", "title": "both",
}  # fmt: skip


async def hostile_call(
    client: Client, schemas: dict[str, dict[str, Any]], chance: random.Random, values: list[Any],
    video_id: str,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    name = chance.choice([name for name in schemas if name != "delete_video"])
    parameters = [key for key in schemas[name]["properties"] if key != "wait_seconds"]
    arguments = {key: SENSIBLE[key] for key in parameters if key in SENSIBLE}
    arguments |= {"video_id": video_id} if "video_id" in parameters else {}
    arguments |= {"video_ids": [video_id, video_id]} if "video_ids" in parameters else {}
    # One or two wrong things at a time: more would hide behind the first one.
    for parameter in chance.sample(parameters, min(len(parameters), chance.choice([1, 1, 2]))):
        text = schemas[name]["properties"][parameter].get("type") == "string"
        fitting = [value for value in values if isinstance(value, str)] if text else values
        arguments[parameter] = chance.choice(fitting if chance.random() < 0.9 else values)
    if chance.random() < 0.05:
        arguments["wait_seconds"] = chance.choice([-1, "x", None, [], True])
    if chance.random() < 0.05:
        arguments[chance.choice(["duration", "path", "__class__", "ctx", "self", "owner"])] = "x"
    with anyio.fail_after(60):
        result = await client.call_tool(name, arguments)
    for text in texts_of(result):
        assert CANARY not in text
        assert KEY not in text
        assert "Traceback" not in text
        assert "pydantic" not in text
        assert len(text) < 60_000
    if result.is_error:
        assert texts_of(result)[0].strip(), (name, arguments)
    return name, arguments


async def test_a_thousand_hostile_calls_touch_nothing_and_kill_nothing(tmp_path: Path) -> None:
    outside = Outside(tmp_path / "outside", tmp_path / "inside")
    host: FakeHost = a_host()
    chance = random.Random(20261120)  # noqa: S311  # cases, not secrets
    settings = {
        "input_dirs": (tmp_path / "inside",),
        "output_dirs": (tmp_path / "inside" / "copies",),
        "max_active_jobs": 100,
    }
    (tmp_path / "inside" / "copies").mkdir()
    async with (
        outside.listening(),
        serving(host.app()) as url,
        app_in(tmp_path, base_url=f"{url}/v1", api_key=KEY, **settings) as app,
        client_of(app) as client,
    ):
        schemas = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
        video_id = await made(client)
        values = nasty_values(outside, video_id)
        for _ in range(CASES):
            await hostile_call(client, schemas, chance, values, video_id)
        alive = await client.call_tool("get_video_status", {"video_id": video_id})
        assert structured(alive)["status"] == "completed"
    assert outside.state() == outside.before
    assert outside.connections == 0
    assert not any(b"canary" in str(fields).encode() for fields in host.accepted)
    assert all("input_reference" not in fields for fields in host.accepted)
    assert {path.split("/")[2] for _, path in host.requests} <= {"videos", "models"}
    written = {file for file in tmp_path.rglob("*") if file.is_file() and not file.is_symlink()}
    places = [tmp_path / name for name in ("home", "library", "inside/copies", "outside")]
    assert all(any(file.is_relative_to(place) for place in places) for file in written)
