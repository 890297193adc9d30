"""The first minute of a newcomer: a real video, with no key and no host, in real processes."""

import re
from pathlib import Path

import av

from sora_mcp.cli.outcome import Exit
from tests.cli.terminal import Result, Terminal

SMALL = ["--size", "256x256", "--seconds", "1"]


def decoded(file: Path) -> tuple[int, int, int, float]:
    """Width, height, number of frames and seconds of sound, by decoding everything."""
    with av.open(file) as clip:
        frames = [(frame.width, frame.height) for frame in clip.decode(video=0)]
    with av.open(file) as clip:
        sound = sum(frame.samples / frame.sample_rate for frame in clip.decode(audio=0))
    assert len(set(frames)) == 1
    return *frames[0], len(frames), sound


def assert_a_video_was_made(result: Result) -> None:
    assert result.code == Exit.OK, result.err
    assert result.out.endswith(".mp4\n")
    width, height, frames, sound = decoded(Path(result.out.rstrip("\n")))
    assert (width, height, frames) == (256, 256, 24)
    assert sound >= 0.9
    assert "not AI video" in result.err


async def test_a_newcomer_gets_a_playable_video_and_its_path_alone(terminal: Terminal) -> None:
    result = await terminal.run_apart("generate", "A calico cat playing a piano on stage", *SMALL)
    assert_a_video_was_made(result)
    assert "2026-09-24" not in result.err


async def test_left_over_and_mistaken_variables_do_no_harm_and_are_named(
    terminal: Terminal,
) -> None:
    shell = terminal.with_variables(
        OPENAI_API_KEY="sk-left-over-0123456789",
        SORA_MCP_BASE_URL="${user_config.base_url}",
        SORA_MCP_MODLE="wan",
    )
    result = await shell.run_apart("generate", "A calico cat playing a piano on stage", *SMALL)
    assert_a_video_was_made(result)
    assert "2026-09-24" in result.err
    assert "Did you mean SORA_MCP_MODEL?" in result.err
    assert "sk-left-over" not in result.err


async def test_ctrl_c_ends_quietly_and_the_command_it_prints_finishes_the_video(
    terminal: Terminal,
) -> None:
    async with terminal.started("generate", "A red boat", "--size", "640x360") as command:
        await command.wait_for("rendering")
        command.press_ctrl_c()
        interrupted = await command.ended()
    assert (interrupted.code, interrupted.out) == (Exit.INTERRUPTED, "")
    assert "Traceback" not in interrupted.err
    resume = re.search(r"sora-mcp (status vid_\w+ --watch)\n", interrupted.err)
    assert resume is not None, interrupted.err
    resumed = await terminal.run_apart(*resume[1].split())
    assert resumed.code == Exit.OK, resumed.err
    assert decoded(Path(resumed.out.rstrip("\n")))[:3] == (640, 360, 96)


async def test_what_hosts_refuse_is_refused_here_with_code_6(terminal: Terminal) -> None:
    result = await terminal.run("generate", "Donald Trump naked on a beach", *SMALL, "--json")
    assert result.code == Exit.REFUSED
    assert result.json["error"]["code"] == "moderation_blocked"


async def test_another_models_name_is_answered_with_the_preview_and_a_word_about_it(
    terminal: Terminal,
) -> None:
    result = await terminal.run("generate", "A cat", *SMALL, "--model", "sora-2")
    assert result.code == Exit.OK, result.err
    assert "'sora-2' is not available here" in result.err
