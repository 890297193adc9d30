"""Logging: what goes where, and what never does."""

import base64
import io
import json
import logging
import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from anyio import to_process
from pydantic import SecretStr

from sora_mcp.logs import HIDDEN, Redactor, configure_logging, redactor
from sora_mcp.settings import Settings, load_settings
from sora_mcp.videos.context import current_job

SECRETS = {
    "SORA_MCP_API_KEY": "plainkey-1234567890",
    "SORA_MCP_AUTH_TOKEN": "door-token-abcdef",
    "SORA_MCP_SECRET_KEYS": "newest-signing-key,older-signing-key",
    "SORA_MCP_DATABASE_URL": "postgresql://ledger:pa%40ss-word@db.example/sora",
    "OPENAI_WEBHOOK_SECRET": "whsec_YSB3ZWJob29rIHNlY3JldCBvZiBvcGVuYWk=",
}


@pytest.fixture(autouse=True)
def restored_root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@contextmanager
def captured(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Generator[io.StringIO]:
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        configure_logging(settings)
        yield stream


def test_every_secret_of_the_settings_is_taken_out_of_messages_arguments_and_tracebacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("anna:token-of-anna\nben:token-of-ben\n", encoding="utf-8")
    environ = SECRETS | {"SORA_MCP_AUTH_TOKENS_FILE": str(tokens), "SORA_MCP_HOME": str(tmp_path)}
    words = [
        "plainkey-1234567890",
        "door-token-abcdef",
        "newest-signing-key",
        "older-signing-key",
        "pa%40ss-word",
        "pa@ss-word",
        "url-password",
        "whsec_YSB3ZWJob29rIHNlY3JldCBvZiBvcGVuYWk=",
        "token-of-anna",
        "token-of-ben",
    ]
    for log_format in ("text", "json"):
        settings = load_settings(environ | {"SORA_MCP_LOG_FORMAT": log_format}).settings
        # A password is there in place of a key: only one of them could be sent.
        behind = {"base_url": "http://person:url-password@gateway.example/v1"}
        settings = settings.model_copy(update=behind)
        with captured(monkeypatch, settings) as stream:
            for word in words:
                logging.getLogger("t").warning("in the message: " + word)  # noqa: G003  # on purpose
                logging.getLogger("t").warning("in an argument: %s", {"key": word})
                try:
                    raise ValueError(f"refused {word}")
                except ValueError:
                    logging.getLogger("t").exception("in a traceback")
        logged = stream.getvalue()
        assert logged.count("ValueError") >= len(words)
        assert [word for word in words if word in logged] == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("{'Authorization': 'Bearer abcdefgh'}", "abcdefgh"),
        ("headers={'authorization': 'Basic dXNlcjpwdw=='}", "dXNlcjpwdw=="),
        ("sent with bearer abcdefghij", "abcdefghij"),
        ("key sk-proj-abcdefgh12345678 was wrong", "sk-proj-abcdefgh12345678"),
        ("GET https://user:hunter2@example.com/v1/videos", "hunter2"),
        ("https://b.example/v.mp4?X-Amz-Signature=0123abc&x=1", "0123abc"),
        ("https://b.example/v.mp4?x=1&token=t0k3n", "t0k3n"),
        ("https://b.example/v.mp4?sig=s1gn4ture", "s1gn4ture"),
        ("api_key=abc123def", "abc123def"),
        ("X-Api-Key: abc123def", "abc123def"),
        ("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_although_no_setting_names_it(
    text: str, secret: str
) -> None:
    redacted = redactor(Settings())(text)
    assert secret not in redacted
    assert HIDDEN in redacted


@pytest.mark.parametrize(
    "spelled",
    [
        "a/b+c.d-e_f=42",
        "'a/b+c.d-e_f=42'",
        "a%2Fb%2Bc.d-e_f%3d42",
        r"{\"key\": \"a\/b\u002bc.d-e_f=42\"}",
        "a/b+c.d-\n  e_f=42",
    ],
)
def test_a_secret_is_taken_out_however_it_is_spelled(spelled: str) -> None:
    redacted = Redactor(["a/b+c.d-e_f=42"])(f"before {spelled} after")
    assert re.fullmatch(r"before .*\[redacted\].* after", redacted)
    assert not re.search(r"c\.d|e_f|42", redacted)


@pytest.mark.parametrize("before", ["", "B", "me:", "Bearer "])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_taken_out_of_base64_wherever_it_begins(
    before: str, encode: Callable[[bytes], bytes]
) -> None:
    secret = "key?>~of-~~?me"  # noqa: S105  # of nobody
    spelled = encode(f"{before}{secret} and more".encode()).decode()
    redacted = Redactor([secret])(spelled)
    assert HIDDEN in redacted
    assert len(redacted) - len(HIDDEN) <= len(spelled) - len(secret)


@pytest.mark.parametrize("spelled", ["{!r}", "{!a}"])
@pytest.mark.parametrize("secret", ["pass\nword", "p\u00e4ssword"])
def test_a_secret_is_taken_out_of_what_python_makes_of_it(spelled: str, secret: str) -> None:
    for value in (secret, secret.encode()):
        redacted = Redactor([secret])(spelled.format(value))
        assert redacted.strip("b'") == HIDDEN


def test_what_a_base_url_carries_to_open_its_host_is_a_secret() -> None:
    settings = Settings(base_url="https://opaque-user@gw.example/v1")
    assert redactor(settings)("for opaque-user") == f"for {HIDDEN}"


def test_what_follows_the_host_in_the_address_of_a_receiver_is_a_secret() -> None:
    url = SecretStr("http://LocalHost:9102/hook/s3cret-path?a=s3cret%20query")
    redact = redactor(Settings(webhook_url=url))
    logged = redact("HTTP Request: POST http://localhost:9102/hook/s3cret-path?a=s3cret%20query")
    assert "s3cret" not in logged
    assert logged.startswith("HTTP Request: POST http://localhost:9102[")
    short = redactor(Settings(webhook_url=SecretStr("http://localhost:9102/hook")))
    assert short("POST http://localhost:1/hook") == "POST http://localhost:1/hook"


@pytest.mark.parametrize(
    "text",
    [
        "vid_7k2m9q4x1c is rendering, 45 %",
        "GET https://gateway.example/v1/videos/video_123?variant=thumbnail",
        "a basket of keys, a bearer of good news and a token of love",
        "SORA_MCP_API_KEY is not set",
        "ask-somebody-else-about-it",
        "Missing bearer or basic authentication in header",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert redactor(Settings())(text) == text


def test_a_json_line_names_the_job_that_the_task_works_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured(monkeypatch, Settings(log_format="json")) as stream:
        token = current_job.set("vid_aaaaaaaaaa")
        logging.getLogger("sora_mcp.t").info("fetching\n%s", "“two lines”")
        current_job.reset(token)
        logging.getLogger("sora_mcp.t").info("idle")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["job_id"] == "vid_aaaaaaaaaa"
    assert first["message"] == "fetching\n“two lines”"
    assert first["level"] == "info"
    assert first["logger"] == "sora_mcp.t"
    assert first["time"].endswith("+00:00")
    assert "job_id" not in second


def test_a_text_line_names_the_job_that_the_task_works_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured(monkeypatch, Settings()) as stream:
        token = current_job.set("vid_aaaaaaaaaa")
        logging.getLogger("sora_mcp.t").info("fetching")
        current_job.reset(token)
    assert "INFO    sora_mcp.t [vid_aaaaaaaaaa]: fetching\n" in stream.getvalue()


def test_the_level_decides_what_is_logged_and_libraries_are_quiet_below_debug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with captured(monkeypatch, Settings(log_level="info")) as stream:
        logging.getLogger("httpx2").info("HTTP Request")
        logging.getLogger("sora_mcp.t").debug("detail")
        logging.getLogger("sora_mcp.t").info("event")
    assert "event" in stream.getvalue()
    assert "detail" not in stream.getvalue()
    assert "HTTP Request" not in stream.getvalue()


def test_logging_that_is_configured_before_the_server_is_built_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mcp.server.mcpserver import MCPServer

    with captured(monkeypatch, Settings()) as stream:
        MCPServer("t")
        logging.getLogger("t").warning("once")
    assert stream.getvalue().count("once") == 1


PIECES = ("a", "\\", "a://", "?a", "sk-", "key= ", "bearer ", "s ")


def redact_much(redact: Redactor) -> None:
    for piece in PIECES:
        redact(piece * (200_000 // len(piece)))


async def test_a_text_of_any_kind_is_redacted_in_a_time_that_grows_with_it_alone() -> None:
    # Patterns whose time grew with the square of a text took minutes for this.
    with anyio.fail_after(60):
        redact = Redactor(["sk-test-4711", "\\secret\\"])
        await to_process.run_sync(redact_much, redact, cancellable=True)


def test_nobody_writes_lines_of_their_own_into_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured(monkeypatch, Settings()) as stream:
        logging.getLogger("sora_mcp.t").info("zz\n02:00:00 ERROR forged\x1b[2J%s", "x" * 50_000)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("zz")
    assert second.startswith("    02:00:00 ERROR forged?[2J")
    assert second.endswith("more characters)")
