"""Making videos from the command line, with a host that is served over real HTTP."""

import re
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from PIL import Image

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Result, Terminal
from tests.fakes.videos_api import FakeHost, error
from tests.harness import KEY, a_host, small_mp4
from tests.serving import serving

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems open files in another way"
)

SLOW = ("queued", *["in_progress"] * 400, "completed")
"""A job that takes at least twenty seconds: nobody waits for it to end."""


@pytest.fixture
def host() -> FakeHost:
    return a_host(key=KEY, statuses=("completed",))


@pytest.fixture
async def shell(terminal: Terminal, host: FakeHost) -> AsyncGenerator[Terminal]:
    async with serving(host.app()) as url:
        yield terminal.before(url)


def path_in(result: Result) -> Path:
    """The one line on standard output, which has to be a file."""
    (line,) = result.out.splitlines()
    assert Path(line).is_file()
    return Path(line)


def id_in(text: str) -> str:
    found = re.search(r"vid_[a-z2-7]{10}", text)
    assert found is not None, text
    return found[0]


async def test_generate_makes_a_video_and_prints_its_path_alone(
    shell: Terminal, host: FakeHost
) -> None:
    result = await shell.run(
        "generate", "A cat", "--seconds", "4", "--size", "64x64", "--model", "wan"
    )
    assert result.code == Exit.OK, result.err
    file = path_in(result)
    assert file.parent == shell.library
    assert file.read_bytes() == small_mp4()
    assert host.accepted == [{"prompt": "A cat", "model": "wan", "size": "64x64", "seconds": "4"}]


async def test_progress_is_written_in_plain_lines_where_there_is_no_terminal(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = ("queued", "in_progress", "completed")
    result = await shell.run("generate", "A cat")
    assert "queued 0 %" in result.err
    assert "rendering 50 %" in result.err
    assert "100 %" in result.err
    assert "\r" not in result.err


async def test_an_answer_in_json_is_the_video_as_the_tools_show_it(shell: Terminal) -> None:
    result = await shell.run("generate", "A cat", "--json", "--out", shell.folder / "copy.mp4")
    assert result.code == Exit.OK, result.err
    video = result.json
    assert video["status"] == "completed"
    assert video["files"][0]["variant"] == "video"
    assert Path(video["files"][0]["path"]).read_bytes() == small_mp4()
    assert video["saved_as"] == str(shell.folder / "copy.mp4")
    assert "next" not in video


async def test_out_copies_to_any_place_the_person_names_and_never_overwrites(
    shell: Terminal, host: FakeHost
) -> None:
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    made = await shell.run("generate", "A cat", "--out", "elsewhere/cat.mp4")
    assert path_in(made) == elsewhere / "cat.mp4"
    video_id = id_in(made.err)
    again = await shell.run("download", video_id, "--out", "elsewhere/cat.mp4")
    assert path_in(again) not in (elsewhere / "cat.mp4", shell.library)
    into = await shell.run("download", video_id, "--out", elsewhere)
    assert path_in(into).parent == elsewhere
    assert video_id in path_in(into).name
    assert len(host.accepted) == 1


async def test_a_first_frame_may_come_from_any_folder_of_the_person(
    shell: Terminal, host: FakeHost
) -> None:
    picture = shell.folder / "pictures" / "photo.png"
    picture.parent.mkdir()
    Image.new("RGB", (90, 40), "red").save(picture)
    result = await shell.run(
        "generate", "A cat", "--size", "64x64", "--input-reference", "pictures/photo.png"
    )
    assert result.code == Exit.OK, result.err
    (fields,) = host.accepted
    assert fields["input_reference"].startswith(b"\x89PNG")


async def test_a_dry_run_shows_the_words_without_what_would_move_the_cursor(
    shell: Terminal, host: FakeHost
) -> None:
    result = await shell.run("generate", "A cat\x1b[2J\x07 sings", "--dry-run")
    assert result.code == Exit.OK, result.err
    assert "prompt: A cat [2J sings" in result.out
    assert host.accepted == []


async def test_extras_are_sent_as_the_host_takes_them_or_refused_before_anything_is_sent(
    shell: Terminal, host: FakeHost
) -> None:
    result = await shell.run("generate", "A cat", "--option", "no_such_extra=1")
    assert result.code == Exit.USAGE
    assert "no_such_extra" in result.err
    assert host.accepted == []


async def test_a_dry_run_shows_request_and_cost_and_sends_nothing(
    shell: Terminal, host: FakeHost
) -> None:
    asked = ["generate", "A cat", "--model", "sora-2", "--size", "1280x720", "--seconds", "4"]
    told = await shell.run(*asked, "--dry-run")
    assert told.code == Exit.OK
    assert "0.40 USD" in told.out
    assert "size: 1280x720" in told.out
    data = (await shell.run(*asked, "--dry-run", "--json")).json
    assert (data["status"], data["estimated_cost_usd"]) == ("planned", 0.4)
    assert host.accepted == []


async def test_what_costs_too_much_is_refused_with_code_6(shell: Terminal, host: FakeHost) -> None:
    result = await shell.run(
        "generate", "A cat", "--model", "sora-2", "--size", "1280x720", "--seconds", "4",
        "--max-cost-usd", "0.1",
    )  # fmt: skip
    assert result.code == Exit.REFUSED
    assert "0.10 USD" in result.err
    assert host.accepted == []


async def test_where_the_operator_wants_to_be_asked_nothing_is_sent_without_an_answer(
    shell: Terminal, host: FakeHost
) -> None:
    careful = shell.with_variables(SORA_MCP_CONFIRM_ABOVE_USD="0.1")
    asked = ["generate", "A cat", "--model", "sora-2", "--size", "1280x720", "--seconds", "4"]
    refused = await careful.run(*asked)
    assert refused.code == Exit.REFUSED
    assert "SORA_MCP_CONFIRM_ABOVE_USD" in refused.err
    assert host.accepted == []
    allowed = await careful.run(*asked, "--yes")
    assert allowed.code == Exit.OK, allowed.err
    assert len(host.accepted) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "invalid_api_key", Exit.REFUSED),
        (403, None, Exit.REFUSED),
        (402, None, Exit.REFUSED),
        (429, "insufficient_quota", Exit.REFUSED),
        (400, "moderation_blocked", Exit.REFUSED),
        (400, "content_policy_violation", Exit.REFUSED),
        (400, "invalid_value", Exit.REFUSED),
        (422, None, Exit.REFUSED),
        (501, None, Exit.FAILED),
    ],
)
async def test_a_hosts_refusal_becomes_an_exit_code(
    shell: Terminal, host: FakeHost, status: int, code: str | None, expected: Exit
) -> None:
    host.fail("POST /videos", error(status, "The host says no.", code))
    result = await shell.run("generate", "A cat")
    assert (result.code, result.out) == (expected, "")
    assert "vid_" in result.err
    assert "Traceback" not in result.err


async def test_a_job_that_fails_at_the_host_ends_with_code_5(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = ("failed",)
    result = await shell.run("generate", "A cat", "--json")
    assert result.code == Exit.FAILED
    assert result.json["status"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["generate", " "], "prompt is empty"),
        (["generate", "a cat", "--size", "banana"], "WIDTHxHEIGHT"),
        (["generate", "a cat", "--seconds", "0"], "above 0"),
        (["generate", "a cat", "--input-reference", "no-such.png"], "no-such.png"),
        (["remix", "vid_aaaaaaaaaa", "snow"], "vid_aaaaaaaaaa"),
        (["join", "vid_aaaaaaaaaa"], "2 to 20"),
    ],
)
async def test_wrong_values_end_with_code_2_and_words_that_help(
    shell: Terminal, host: FakeHost, arguments: list[str], word: str
) -> None:
    result = await shell.run(*arguments, "--json")
    assert result.code == Exit.USAGE
    assert word in result.err
    assert result.json["error"]["message"] in result.err
    assert host.accepted == []


async def test_a_time_limit_ends_with_code_4_and_a_command_that_goes_on(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = ("queued", "completed")
    stopped = await shell.run("generate", "A cat", "--timeout", "0")
    assert (stopped.code, stopped.out) == (Exit.TIMED_OUT, "")
    video_id = id_in(stopped.err)
    assert f"sora-mcp status {video_id} --watch" in stopped.err
    resumed = await shell.run("status", video_id, "--watch")
    assert resumed.code == Exit.OK, resumed.err
    assert path_in(resumed).read_bytes() == small_mp4()
    assert len(host.accepted) == 1


async def test_a_time_limit_tells_the_command_that_goes_on_in_json_too(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = SLOW
    stopped = await shell.run("generate", "A cat", "--timeout", "0", "--json", "--open")
    assert stopped.code == Exit.TIMED_OUT
    video_id = stopped.json["video_id"]
    assert stopped.json["resume"] == f"sora-mcp status {video_id} --watch --open"


@linux
async def test_open_shows_the_file_with_what_the_system_has_for_it(
    shell: Terminal, host: FakeHost
) -> None:
    opener = shell.folder / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > "{shell.folder}/opened"\necho noise\n')
    opener.chmod(0o755)
    desktop = shell.with_variables(PATH=f"{opener.parent}:/usr/bin:/bin")
    result = await desktop.run("generate", "A cat", "--open", "--out", "cat.mp4")
    assert result.code == Exit.OK, result.err
    assert (shell.folder / "opened").read_text() == str(path_in(result))


@linux
@pytest.mark.parametrize("script", [None, "#!/bin/sh\nexit 3\n"])
async def test_a_file_that_nothing_can_open_is_no_failure(
    shell: Terminal, host: FakeHost, script: str | None
) -> None:
    folder = shell.folder / "bin"
    folder.mkdir()
    if script is not None:
        (folder / "xdg-open").write_text(script)
        (folder / "xdg-open").chmod(0o755)
    result = await shell.with_variables(PATH=str(folder)).run("generate", "A cat", "--open")
    assert result.code == Exit.OK
    assert path_in(result).is_file()
    assert "It was not opened, because xdg-open" in result.err


async def test_a_video_whose_file_cannot_be_kept_is_fetched_by_the_command_that_is_told(
    shell: Terminal, host: FakeHost
) -> None:
    shell.library.write_text("a file in the way")
    result = await shell.run("generate", "A cat")
    assert (result.code, result.out) == (Exit.FAILED, "")
    video_id = id_in(result.err)
    assert f"sora-mcp download {video_id}\n" in result.err
    shell.library.unlink()
    fetched = await shell.run("download", video_id)
    assert path_in(fetched).read_bytes() == small_mp4()
    assert len(host.accepted) == 1


async def test_ctrl_c_leaves_a_job_that_goes_on_at_its_host(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = SLOW
    async with shell.started("generate", "A cat", "--out", "cat.mp4") as command:
        await command.wait_for("rendering")
        command.press_ctrl_c()
        interrupted = await command.ended()
    assert (interrupted.code, interrupted.out) == (Exit.INTERRUPTED, "")
    assert "goes on at" in interrupted.err
    assert "Traceback" not in interrupted.err
    video_id = id_in(interrupted.err)
    told = f"sora-mcp download {video_id} --out {shell.folder / 'cat.mp4'}"
    assert told in interrupted.err
    host.statuses = ("queued", "completed")
    resumed = await shell.run(*told.split()[1:])
    assert resumed.code == Exit.OK, resumed.err
    assert path_in(resumed) == shell.folder / "cat.mp4"
    assert len(host.accepted) == 1


async def test_remix_extend_and_join_start_from_finished_videos(
    shell: Terminal, host: FakeHost
) -> None:
    first = id_in((await shell.run("generate", "A cat")).err)
    remixed = await shell.run("remix", first, "now with snow")
    assert path_in(remixed).is_file(), remixed.err
    extended = await shell.run("extend", first, "it walks away", "--seconds", "4")
    assert path_in(extended).is_file(), extended.err
    joined = await shell.run("join", first, id_in(remixed.err), "--title", "Two cats")
    assert "two-cats" in path_in(joined).name
    assert [request for request in host.requests if request[0] == "POST"] == [
        ("POST", "/v1/videos"),
        ("POST", "/v1/videos/video_0001/remix"),
        ("POST", "/v1/videos/extensions"),
    ]


async def test_the_same_idempotency_key_makes_one_video(shell: Terminal, host: FakeHost) -> None:
    asked = ["generate", "A cat", "--idempotency-key", "order-17"]
    first, second = await shell.run(*asked), await shell.run(*asked)
    assert path_in(first) == path_in(second)
    other = await shell.run("generate", "A dog", "--idempotency-key", "order-17")
    assert other.code == Exit.USAGE
    assert len(host.accepted) == 1


async def test_the_key_is_sent_to_the_host_and_shown_nowhere(
    shell: Terminal, host: FakeHost
) -> None:
    chatty = shell.with_variables(SORA_MCP_LOG_LEVEL="debug")
    result = await chatty.run("generate", "A cat")
    assert result.code == Exit.OK, result.err
    assert f"Bearer {KEY}" in host.authorizations
    shown = result.out + result.err + (await chatty.run("doctor")).out
    assert KEY not in shown
    kept = [path for path in shell.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
