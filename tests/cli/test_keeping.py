"""Looking after videos from the command line."""

import os
import re
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from sora_mcp.cli.outcome import Exit
from sora_mcp.cli.table import cells
from tests.cli.terminal import Terminal, on_a_terminal
from tests.fakes.videos_api import FakeHost
from tests.harness import a_host, small_mp4
from tests.serving import serving


@pytest.fixture
def host() -> FakeHost:
    return a_host(statuses=("completed",))


@pytest.fixture
async def shell(terminal: Terminal, host: FakeHost) -> AsyncGenerator[Terminal]:
    async with serving(host.app()) as url:
        yield terminal.before(url)


async def made(shell: Terminal, prompt: str) -> str:
    return (await shell.run("generate", prompt, "--json")).json["video_id"]


async def test_videos_are_listed_shown_downloaded_and_deleted(shell: Terminal) -> None:
    first, second = await made(shell, "A calico cat"), await made(shell, "A red boat")
    listed = await shell.run("list")
    assert [line.split()[0] for line in listed.out.splitlines()] == [second, first]
    found = (await shell.run("list", "--query", "calico", "--json")).json
    assert [entry["video_id"] for entry in found["videos"]] == [first]

    shown = await shell.run("status", first)
    assert shown.code == Exit.OK
    path = Path(shown.out.splitlines()[-1])
    assert path.is_file()
    assert (await shell.run("status", first, "--json")).json["files"][0]["path"] == str(path)

    poster = await shell.run("download", first, "--variant", "thumbnail", "--json")
    assert poster.code == Exit.OK, poster.err
    assert poster.json["variant"] == "thumbnail"
    assert Path(poster.json["path"]).read_bytes().startswith(b"RIFF")

    deleted = await shell.run("delete", first, "--json")
    assert deleted.json == {"video_id": first, "deleted": True, "files_kept": False}
    assert not path.exists()
    kept = await shell.run("delete", second, "--keep-files")
    assert (kept.code, kept.out) == (Exit.OK, f"{second} is deleted, its files are kept.\n")
    empty = await shell.run("list")
    assert (empty.code, empty.out) == (Exit.OK, "")
    assert len(list(shell.library.glob("*.mp4"))) == 1


async def test_a_long_list_names_the_command_for_the_rest(shell: Terminal) -> None:
    first, second = await made(shell, "A cat"), await made(shell, "A dog")
    page = await shell.run("list", "--limit", "1")
    assert page.out.startswith(second)
    assert f"sora-mcp list --after {second}" in page.err
    rest = await shell.run("list", "--after", second)
    assert rest.out.startswith(first)


@pytest.mark.parametrize(
    ("columns", "words"), [("32", "??..."), ("40", "????? ?"), ("120", "????? ?")]
)
async def test_a_list_fits_terminals_that_are_narrow_or_know_only_ascii(
    shell: Terminal, columns: str, words: str
) -> None:
    await made(shell, "Кошка 猫 🐈 – " * 30)
    plain = shell.with_variables(COLUMNS=columns, PYTHONIOENCODING="latin-1")
    result = await plain.run_apart("list")
    assert (result.code, result.err) == (Exit.OK, "")
    (line,) = result.out.splitlines()
    assert words in line
    assert len(line) <= int(columns)


@pytest.mark.parametrize("columns", [40, 80])
async def test_a_list_on_a_terminal_is_a_table_with_a_heading_that_fits(
    shell: Terminal, columns: int
) -> None:
    await made(shell, "猫" * 60)
    await made(shell, "A red boat \x1b[2J\x07 at dawn")
    shown = await on_a_terminal(shell, "list", columns=columns, with_results=True)
    heading, boat, cat = shown.splitlines()
    assert heading.split()[:2] == ["VIDEO", "STATUS"]
    assert boat.index("A red") == cat.index("猫") == heading.index("PROMPT")
    assert columns - 2 <= cells(cat) <= columns
    assert cat.endswith("猫...")
    assert "\x1b" not in shown
    assert "\x07" not in shown


async def test_a_list_that_is_piped_has_no_heading_and_all_the_words(shell: Terminal) -> None:
    words = "A calico cat plays the piano on a stage of an old theatre, " * 3
    await made(shell, words)
    result = await shell.run("list")
    assert result.out.startswith("vid_")
    assert " ".join(words.split()) in result.out


async def test_whoever_reads_only_the_first_line_of_a_list_ends_it_quietly(
    shell: Terminal,
) -> None:
    await made(shell, "A cat")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = await anyio.run_process(
            [sys.executable, "-m", "sora_mcp", "list"],
            env=shell.environment(),
            stdout=pipe,
            check=False,
        )
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "vid_aaaaaaaaaa"],
        ["remix", "vid_aaaaaaaaaa", "snow"],
        ["list", "--after", "vid_aaaaaaaaaa"],
        ["generate", "A cat", "--size", "banana"],
        ["generate", "A cat", "--seconds", "0"],
        ["join", "UNFINISHED", "UNFINISHED"],
        ["remix", "UNFINISHED", "snow"],
    ],
)
async def test_errors_name_commands_not_tools(
    shell: Terminal, host: FakeHost, arguments: list[str]
) -> None:
    host.statuses = ("queued",)
    stopped = await shell.run("generate", "A cat", "--timeout", "0", "--json")
    video_id = stopped.json["video_id"]
    named = [video_id if argument == "UNFINISHED" else argument for argument in arguments]
    result = await shell.run(*named, "--json")
    assert result.code == Exit.USAGE
    for text in (result.err, result.json["error"]["message"]):
        assert "sora-mcp " in text
        assert not re.search(r"(get|list|download)_(video|engine)|wait_seconds", text)
    if video_id in named:
        assert f"Run sora-mcp status {video_id} --watch, then" in result.err


async def test_what_is_only_for_watching_is_refused_without_it(terminal: Terminal) -> None:
    result = await terminal.run("status", "vid_aaaaaaaaaa", "--open")
    assert result.code == Exit.USAGE
    assert "--watch" in result.err


async def test_an_unfinished_video_says_who_follows_it(shell: Terminal, host: FakeHost) -> None:
    host.statuses = ("queued",)
    stopped = await shell.run("generate", "A cat", "--timeout", "0", "--json")
    video_id = stopped.json["video_id"]
    assert stopped.code == Exit.TIMED_OUT
    shown = await shell.run("status", video_id)
    assert shown.code == Exit.OK
    assert "only while a server or a worker runs" in shown.err
    assert f"sora-mcp status {video_id} --watch" in shown.err


async def test_the_status_of_a_failed_video_is_its_exit_code(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = ("failed",)
    video_id = await made(shell, "A cat")
    for arguments in (["status", video_id], ["status", video_id, "--watch"]):
        assert (await shell.run(*arguments)).code == Exit.FAILED
    assert (await shell.run("download", video_id)).code == Exit.FAILED


@pytest.mark.parametrize("command", ["status", "download", "delete"])
async def test_an_unknown_video_is_wrong_usage(terminal: Terminal, command: str) -> None:
    result = await terminal.run(command, "vid_aaaaaaaaaa")
    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "vid_aaaaaaaaaa" in result.err


async def test_a_file_in_a_bucket_is_named_by_its_address_and_copied_where_it_is_wanted(
    shell: Terminal, bucket: str, tmp_path: Path
) -> None:
    shell = shell.with_variables(SORA_MCP_STORAGE_URL=bucket)
    video_id = await made(shell, "A calico cat")
    shown = await shell.run("status", video_id)
    address = shown.out.splitlines()[-1]
    assert address.startswith(f"{bucket}/{video_id}/")
    assert address.endswith(f" {video_id}.mp4")
    assert (await shell.run("download", video_id)).out.strip() == address
    out = tmp_path / "copies"
    out.mkdir()
    copied = await shell.run("download", video_id, "--out", out)
    assert copied.code == Exit.OK, copied.err
    assert Path(copied.out.strip()) == out / Path(address).name
    assert (out / Path(address).name).read_bytes() == small_mp4()
