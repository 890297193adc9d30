"""How the program is called, and what its exit codes say."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sora_mcp import __version__
from sora_mcp.cli import main
from sora_mcp.cli.outcome import Exit, exit_of_error, exit_of_job
from sora_mcp.cli.program import Program
from sora_mcp.videos import errors
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.models import File, JobError, JobStatus, Variant
from tests.cli.terminal import Terminal
from tests.library.hosts import make_job

NAMES = main.list_commands(click.Context(main))


def tree(kind: type[SoraError] = SoraError) -> Iterator[type[SoraError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


def test_the_help_names_every_command_with_a_whole_sentence() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2]
    for name in NAMES:
        assert f"\n  {name}" in shown
    assert "..." not in shown


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"sora-mcp, version {__version__}\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_and_takes_json_and_an_env_file(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "--json" in result.output
    assert "--env-file" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["generate"],
        ["generate", "a cat", "--seconds", "long"],
        ["generate", "a cat", "--timeout", "-1"],
        ["generate", "a cat", "--no-such-option"],
        ["generate", "a cat", "--option", "seed"],
        ["generate", "a cat", "--out", "no/such/folder/cat.mp4"],
        ["list", "--limit", "0"],
        ["download", "vid_aaaaaaaaaa", "--variant", "gif"],
        ["serve", "--transport", "carrier-pigeon"],
        ["serve", "--port", "70000"],
        ["install", "no-such-client"],
    ],
)
def test_wrong_usage_ends_with_code_2_and_a_hint_at_the_help(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SORA_MCP_HOME", str(tmp_path))
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == Exit.USAGE
    assert "--help" in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("kind", [kind for kind in tree() if kind is not SoraError])
def test_every_anticipated_error_has_an_exit_code_of_its_kind(kind: type[SoraError]) -> None:
    refused = (
        errors.SpendingRefused,
        errors.KeyRejected,
        errors.QuotaExceeded,
        errors.EngineRefused,
    )
    not_configured = (errors.NotConfigured, errors.LedgerError, errors.LibraryError)
    expected = (
        Exit.REFUSED
        if issubclass(kind, refused)
        else Exit.NOT_CONFIGURED
        if issubclass(kind, not_configured)
        else Exit.FAILED
        if issubclass(kind, errors.EngineError)
        else Exit.USAGE
    )
    error = (
        errors.StorageUnavailable("what", "fix")
        if kind is errors.StorageUnavailable
        else kind("words")
    )
    assert exit_of_error(error) is expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (JobStatus.IN_PROGRESS, None, Exit.OK),
        (JobStatus.FAILED, "video_generation_failed", Exit.FAILED),
        (JobStatus.FAILED, "moderation_blocked", Exit.REFUSED),
        (JobStatus.FAILED, "content_policy_violation", Exit.REFUSED),
        (JobStatus.FAILED, "invalid_value", Exit.FAILED),
        (JobStatus.FAILED, "key_rejected", Exit.REFUSED),
        (JobStatus.FAILED, "quota_exceeded", Exit.REFUSED),
        (JobStatus.CANCELLED, None, Exit.FAILED),
        (JobStatus.EXPIRED, None, Exit.FAILED),
        (JobStatus.LOST, None, Exit.FAILED),
        (JobStatus.UNKNOWN, "outcome_unknown", Exit.FAILED),
        (JobStatus.COMPLETED, "download_failed", Exit.FAILED),
    ],
)
def test_the_exit_code_says_where_a_job_stands(
    status: JobStatus, code: str | None, expected: Exit
) -> None:
    error = JobError(code=code, message="words") if code else None
    assert exit_of_job(make_job(status=status, error=error)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (JobError(code="invalid_value", message="no", charged="no"), Exit.REFUSED),
        (JobError(code="busy", message="later", charged="no", retry=True), Exit.FAILED),
        (JobError(code="generation_failed", message="no", charged="unknown"), Exit.FAILED),
        (JobError(code="operation_missing", message="no", charged="no"), Exit.FAILED),
    ],
)
def test_what_a_host_would_not_take_was_refused(error: JobError, expected: Exit) -> None:
    sent = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    job = make_job(status=JobStatus.FAILED, error=error, engine_job_id=None, submitted_at=sent)
    assert exit_of_job(job) is expected
    assert exit_of_job(job.model_copy(update={"submitted_at": None})) is Exit.FAILED


def test_a_completed_job_with_its_file_is_a_success() -> None:
    file = File(variant=Variant.VIDEO, location="x.mp4", mime_type="video/mp4", bytes=1, sha256="0")
    assert exit_of_job(make_job(status=JobStatus.COMPLETED, files=(file,))) is Exit.OK


def test_an_error_about_a_job_that_failed_is_as_bad_as_the_failure() -> None:
    failed = make_job(status=JobStatus.FAILED, error=JobError(code="x", message="words"))
    assert exit_of_error(errors.NotReady("no file", job=failed)) is Exit.FAILED
    running = make_job(status=JobStatus.IN_PROGRESS)
    assert exit_of_error(errors.NotReady("not yet", job=running)) is Exit.USAGE


def test_an_unexpected_error_is_one_line_without_secrets_that_says_how_to_see_more() -> None:
    @click.command()
    def broken() -> None:
        raise ValueError("cannot do it with sk-0123456789abcdef\nand more")

    class Broken(Program):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return broken

    result = CliRunner().invoke(Broken("sora-mcp"), ["broken"])
    assert result.exit_code == Exit.UNEXPECTED
    assert result.stderr == (
        "Unexpected error: ValueError: cannot do it with [redacted]. "
        "For the traceback, set SORA_MCP_LOG_LEVEL=debug.\n"
    )


def test_wrong_usage_is_told_in_json_too() -> None:
    result = CliRunner().invoke(main, ["generate", "a cat", "--seconds", "long", "--json"])
    assert result.exit_code == Exit.USAGE
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "usage"
    assert "--seconds" in error["message"]


def test_the_package_can_be_run_as_a_module_under_its_own_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sora_mcp", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: sora-mcp ")


async def test_a_setting_that_will_not_do_ends_with_code_3_and_its_name(
    terminal: Terminal,
) -> None:
    broken = Terminal(terminal.folder, {"SORA_MCP_SECONDS": "many"})
    result = await broken.run("generate", "a cat")
    assert result.code == Exit.NOT_CONFIGURED
    assert "SORA_MCP_SECONDS" in result.err
    assert "many" not in result.err
    assert result.out == ""


async def test_a_folder_that_cannot_be_written_ends_with_code_3(terminal: Terminal) -> None:
    terminal.home.write_text("a file in the way")
    result = await terminal.run("list")
    assert result.code == Exit.NOT_CONFIGURED
    assert str(terminal.home) in result.err
    assert "Traceback" not in result.err
