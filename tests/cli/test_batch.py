"""Many videos from a file, with a host that is served over real HTTP."""

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Result, Terminal, on_a_terminal
from tests.fakes.videos_api import FakeHost, error
from tests.harness import KEY, a_host, small_mp4
from tests.serving import serving

SLOW = ("queued", *["in_progress"] * 400, "completed")
"""A job that takes at least twenty seconds: nobody waits for it to end."""


@pytest.fixture
def host() -> FakeHost:
    return a_host(key=KEY, statuses=("completed",))


@pytest.fixture
async def shell(terminal: Terminal, host: FakeHost) -> AsyncGenerator[Terminal]:
    async with serving(host.app()) as url:
        yield terminal.before(url)


def batch(shell: Terminal, *lines: dict[str, Any] | str, name: str = "batch.jsonl") -> Path:
    """A file with these lines."""
    file = shell.folder / name
    file.parent.mkdir(exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return file


def results(result: Result) -> dict[int, dict[str, Any]]:
    """What standard output says of each line; nothing else is there."""
    told = [json.loads(line) for line in result.out.splitlines()]
    assert len({entry["line"] for entry in told}) == len(told)
    return {entry["line"]: entry for entry in told}


async def test_every_line_becomes_a_video_and_one_result_with_its_number(
    shell: Terminal, host: FakeHost
) -> None:
    file = batch(
        shell,
        {"prompt": "A cat", "model": "wan", "size": "64x64", "seconds": 4},
        "",
        {"prompt": "A dog", "seconds": "2", "model": None},
    )
    done = await shell.run("batch", file)
    assert done.code == Exit.OK, done.err
    told = results(done)
    assert set(told) == {1, 3}
    for entry in told.values():
        assert entry["status"] == "completed"
        assert Path(entry["files"][0]["path"]).read_bytes() == small_mp4()
        assert "next" not in entry
    cat, dog = sorted(host.accepted, key=lambda fields: fields["prompt"])
    assert cat == {"prompt": "A cat", "model": "wan", "size": "64x64", "seconds": "4"}
    assert dog == {"prompt": "A dog", "seconds": "2"}
    assert "Line 3" in done.err


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"prompt": "A cat"', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('{"prompt": "A cat", "duration": 4}', "did you mean `seconds`?"),
        ('{"seconds": 4}', "needs `prompt`"),
        ('{"prompt": "  "}', "prompt is empty"),
        ('{"prompt": "A cat", "seconds": "long"}', "`seconds` must be a number"),
        ('{"prompt": "A cat", "reference_fit": "squeeze"}', "use one of cover, contain, stretch"),
        ('{"prompt": "A cat", "save_as": "no/such/folder/cat.mp4"}', "does not exist"),
        ('{"prompt": "A cat", "input_reference": "no-such.png"}', "no-such.png"),
        ('{"prompt": "\\ud800"}', "broken characters"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
async def test_a_broken_line_is_reported_with_its_number_and_the_rest_runs(
    shell: Terminal, host: FakeHost, line: str, word: str
) -> None:
    done = await shell.run("batch", batch(shell, {"prompt": "A dog"}, line, {"prompt": "A boat"}))
    assert done.code == Exit.USAGE
    told = results(done)
    assert word in told[2]["error"]["message"]
    assert "Line 2 " in done.err
    assert (told[1]["status"], told[3]["status"]) == ("completed", "completed")
    assert len(host.accepted) == 2


async def test_bytes_that_are_no_text_break_only_their_line(
    shell: Terminal, host: FakeHost
) -> None:
    file = shell.folder / "batch.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"prompt": "A cat"}\r\n{"prompt": "\xff"}\r\n')
    done = await shell.run("batch", file)
    assert results(done)[1]["status"] == "completed"
    assert "not UTF-8" in results(done)[2]["error"]["message"]
    assert len(host.accepted) == 1


async def test_the_same_lines_again_make_nothing_twice_wherever_their_file_is(
    shell: Terminal, host: FakeHost
) -> None:
    twice = {"prompt": "A cat", "seconds": 4}
    first = await shell.run("batch", batch(shell, twice, twice, {"prompt": "A dog"}))
    assert len(host.accepted) == 3
    ids = {number: entry["video_id"] for number, entry in results(first).items()}
    assert len(set(ids.values())) == 3
    moved = batch(
        shell,
        '{"seconds": 4.0, "prompt": "A cat"}',
        twice,
        {"prompt": "A dog"},
        {"prompt": "A boat"},
        name="elsewhere/again.jsonl",
    )
    again = await shell.run("batch", moved)
    assert again.code == Exit.OK, again.err
    same = {number: entry["video_id"] for number, entry in results(again).items() if number < 4}
    assert same == ids
    assert [fields["prompt"] for fields in host.accepted[3:]] == ["A boat"]


async def test_a_line_with_a_key_of_its_own_keeps_it(shell: Terminal, host: FakeHost) -> None:
    made = await shell.run("generate", "A cat", "--idempotency-key", "order-17", "--json")
    line = {"prompt": "A cat", "idempotency_key": "order-17"}
    other = {"prompt": "A dog", "idempotency_key": "order-17"}
    done = await shell.run("batch", batch(shell, line, line, other))
    told = results(done)
    assert told[1]["video_id"] == told[2]["video_id"] == made.json["video_id"]
    assert told[3]["error"]["code"] == "idempotency_conflict"
    assert "sora-mcp status" in told[3]["error"]["message"]
    assert done.code == Exit.USAGE
    assert len(host.accepted) == 1


async def test_what_failed_and_cost_nothing_is_tried_again_by_the_next_run(
    shell: Terminal, host: FakeHost
) -> None:
    host.fail("POST /videos", error(402, "No credit.", "insufficient_quota"))
    file = batch(shell, {"prompt": "A cat"})
    refused = await shell.run("batch", file)
    assert refused.code == Exit.REFUSED
    assert results(refused)[1]["error"]["code"] == "quota_exceeded"
    again = await shell.run("batch", file)
    assert again.code == Exit.OK, again.err
    assert results(again)[1]["status"] == "completed"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(400, "moderation_blocked", Exit.REFUSED), (500, None, Exit.FAILED)],
)
async def test_what_may_have_cost_something_or_will_not_be_shown_is_not_sent_again(
    shell: Terminal, host: FakeHost, status: int, code: str | None, expected: Exit
) -> None:
    host.fail("POST /videos", error(status, "No.", code))
    file = batch(shell, {"prompt": "A cat"})
    assert (await shell.run("batch", file)).code == expected
    assert (await shell.run("batch", file)).code == expected
    assert len([request for request in host.requests if request[0] == "POST"]) == 1


async def test_the_exit_code_is_the_highest_of_all_lines(shell: Terminal, host: FakeHost) -> None:
    host.fail("POST /videos", error(400, "No.", "moderation_blocked"))
    done = await shell.run("batch", batch(shell, {"prompt": "A cat"}, "broken"))
    assert done.code == Exit.REFUSED


async def test_copies_go_where_lines_say_and_are_not_made_again(
    shell: Terminal, host: FakeHost
) -> None:
    lines = [{"prompt": "A cat", "save_as": "cat.mp4"}, {"prompt": "A dog", "save_as": "films"}]
    file = batch(shell, *lines, name="work/batch.jsonl")
    films = file.parent / "films"
    films.mkdir()
    told = results(await shell.run("batch", file))
    assert told[1]["saved_as"] == str(file.parent / "cat.mp4")
    (dog,) = films.iterdir()
    assert told[2]["saved_as"] == str(dog)
    assert (file.parent / "cat.mp4").read_bytes() == dog.read_bytes() == small_mp4()
    before = sorted(file.parent.rglob("*"))
    again = await shell.run("batch", file)
    assert {entry["saved_as"] for entry in results(again).values()} == {
        entry["saved_as"] for entry in told.values()
    }
    assert sorted(file.parent.rglob("*")) == before


async def test_lines_with_one_place_for_their_copies_get_one_each(
    shell: Terminal, host: FakeHost
) -> None:
    twice = {"prompt": "A cat", "save_as": "cat.mp4"}
    file = batch(shell, twice, twice, {"prompt": "A dog", "save_as": "cat (2).mp4"})
    for _ in range(2):  # once made, once gone on with
        told = results(await shell.run("batch", file))
        places = [Path(told[line]["saved_as"]).name for line in (1, 2, 3)]
        assert places == ["cat.mp4", "cat (2).mp4", "cat (2) (2).mp4"]
    assert len(host.accepted) == 3
    assert len(list(shell.folder.glob("cat*.mp4"))) == 3


async def test_first_frames_are_looked_for_beside_the_file_and_where_paths_lead(
    shell: Terminal, host: FakeHost
) -> None:
    for place in ("work/pictures/inside.png", "outside.png"):
        picture = shell.folder / place
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (90, 40), "red").save(picture)
    file = batch(
        shell,
        {"prompt": "A cat", "size": "64x64", "input_reference": "pictures/inside.png"},
        {"prompt": "A dog", "size": "64x64", "input_reference": "../outside.png"},
        {"prompt": "A cow", "size": "64x64", "input_reference": str(shell.folder / "outside.png")},
        name="work/batch.jsonl",
    )
    done = await shell.run("batch", file)
    assert done.code == Exit.OK, done.err
    assert all(fields["input_reference"].startswith(b"\x89PNG") for fields in host.accepted)
    moved = shell.folder / "moved"
    file.parent.rename(moved)
    again = await shell.run("batch", moved / "batch.jsonl")
    assert again.code == Exit.OK, again.err
    assert len(host.accepted) == 3


async def test_lines_may_come_from_standard_input(shell: Terminal, host: FakeHost) -> None:
    done = await shell.run("batch", "-", typed=b'{"prompt": "A cat"}\n')
    assert done.code == Exit.OK, done.err
    assert results(done)[1]["status"] == "completed"


async def test_a_dry_run_sums_the_cost_and_sends_nothing(shell: Terminal, host: FakeHost) -> None:
    paid = {"model": "sora-2", "size": "1280x720", "seconds": 4}
    lines = [{"prompt": "A cat", **paid}, {"prompt": "A dog", **paid}, {"prompt": "?"}, "broken"]
    done = await shell.run("batch", batch(shell, *lines), "--dry-run")
    assert done.code == Exit.USAGE
    told = results(done)
    assert (told[1]["status"], told[1]["estimated_cost_usd"]) == ("planned", 0.4)
    assert told[1]["request"]["prompt"] == "A cat"
    assert "error" in told[4]
    assert "3 videos would cost about 0.80 USD, and 1 of them what is not known" in done.err
    assert host.accepted == []


async def test_a_dry_run_tells_when_the_days_budget_is_too_small(shell: Terminal) -> None:
    paid = {"model": "sora-2", "size": "1280x720", "seconds": 4}
    file = batch(shell, {"prompt": "A cat", **paid}, {"prompt": "A dog", **paid})
    for budget, told in (("0.5", True), ("0.8", False)):
        limited = shell.with_variables(SORA_MCP_DAILY_BUDGET_USD=budget)
        done = await limited.run("batch", file, "--dry-run")
        assert "about 0.80 USD" in done.err
        assert ("Only 0.50 USD of today's budget is left" in done.err) is told


async def test_the_person_is_asked_once_about_all_of_it(shell: Terminal, host: FakeHost) -> None:
    careful = shell.with_variables(SORA_MCP_CONFIRM_ABOVE_USD="0.1")
    paid = {"model": "sora-2", "size": "1280x720", "seconds": 4}
    file = batch(shell, {"prompt": "A cat", **paid}, {"prompt": "A dog", **paid})
    refused = await careful.run("batch", file)
    assert refused.code == Exit.REFUSED
    assert "--yes" in refused.err
    assert host.accepted == []
    shown = await on_a_terminal(careful, "batch", str(file), typed=b"n\n")
    assert "about 0.80 USD" in shown
    assert shown.count("Go ahead?") == 1
    assert host.accepted == []
    agreed = await careful.run("batch", file, "--yes")
    assert agreed.code == Exit.OK, agreed.err
    assert len(host.accepted) == 2


async def test_ctrl_c_leaves_the_jobs_and_the_command_it_prints_goes_on_with_them(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = SLOW
    two = shell.with_variables(SORA_MCP_MAX_ACTIVE_JOBS="2", SORA_MCP_LOG_LEVEL="debug")
    file = batch(shell, *({"prompt": f"A cat, take {number}"} for number in range(5)), "broken")
    async with two.started("batch", file) as command:
        await command.wait_for("Line 6 ")
        while len(host.jobs) < 2:
            await command.more()
        command.press_ctrl_c()
        interrupted = await command.ended()
    assert interrupted.code == Exit.INTERRUPTED
    assert set(results(interrupted)) == {6}
    assert "Traceback" not in interrupted.err
    assert len(host.accepted) == 2
    told = f"sora-mcp batch {file}"
    assert told in interrupted.err
    host.statuses = ("queued", "completed")
    resumed = await shell.run(*told.split()[1:])
    assert {entry["status"] for n, entry in results(resumed).items() if n < 6} == {"completed"}
    assert len(host.accepted) == 5


async def test_on_a_terminal_one_line_says_how_the_batch_stands(
    shell: Terminal, host: FakeHost
) -> None:
    host.statuses = ("queued", "in_progress", "completed")
    file = batch(shell, {"prompt": "A cat"}, {"prompt": "A dog"}, "broken")
    shown = await on_a_terminal(shell, "batch", str(file), columns=40)
    drawn = [line for part in shown.split("\r\n") for line in part.split("\r") if "lines" in line]
    assert any("of 3 lines done (1 with an" in line for line in drawn)
    assert all(len(line) <= 39 for line in drawn if line.startswith("0:"))
    assert "3 of 3 lines done (1 with an error)." in shown


@pytest.mark.parametrize("arguments", [["no-such.jsonl"], ["."], []])
async def test_a_file_that_is_not_there_is_wrong_usage(
    shell: Terminal, arguments: list[str]
) -> None:
    done = await shell.run("batch", *arguments)
    assert (done.code, done.out) == (Exit.USAGE, "")


async def test_the_lines_of_the_readme_are_lines_of_a_batch(shell: Terminal) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```jsonl\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    done = await shell.run("batch", "-", "--dry-run", typed=lines.encode())
    assert done.code == Exit.OK, done.out
    assert {entry["status"] for entry in results(done).values()} == {"planned"}
