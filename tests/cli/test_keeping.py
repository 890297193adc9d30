"""Looking after videos from the command line."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Terminal
from tests.fakes.videos_api import FakeHost
from tests.harness import a_host
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


@pytest.mark.parametrize("columns", ["40", "120"])
async def test_a_list_fits_terminals_that_are_narrow_or_know_only_ascii(
    shell: Terminal, columns: str
) -> None:
    await made(shell, "Кошка 猫 🐈 " * 30)
    plain = shell.with_variables(COLUMNS=columns, PYTHONIOENCODING="latin-1")
    result = await plain.run_apart("list")
    assert (result.code, result.err) == (Exit.OK, "")
    assert all(len(line) <= int(columns) for line in result.out.splitlines())


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
