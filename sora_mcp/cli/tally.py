"""How a batch stands: results on standard output as they come, progress on standard error."""

import time
from collections.abc import Mapping
from typing import Any

import click

from sora_mcp.cli.outcome import Exit, exit_of_error
from sora_mcp.cli.progress import LiveLine, clock
from sora_mcp.cli.session import advice_left_out, say
from sora_mcp.cli.wording import told
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.models import Job, JobStatus


class Tally:
    """Counts lines and tells of each that has ended."""

    def __init__(self, total: int) -> None:
        self.line = LiveLine()
        self._total = total
        self._codes: list[Exit] = []
        self._active: dict[int, Job] = {}
        self._began = time.monotonic()

    @property
    def worst(self) -> Exit:
        """The highest exit code of all lines."""
        return max(self._codes, default=Exit.OK)

    def stands(self, number: int, job: Job) -> None:
        """Take note of where an unfinished line stands."""
        self._active[number] = job

    def ended(self, number: int, data: Mapping[str, Any], code: Exit, words: str) -> None:
        """Tell of a line that has ended."""
        from sora_mcp.server.present import compact_json  # brings the MCP SDK: slow to import

        self._active.pop(number, None)
        self._codes.append(code)
        self.line.clear()
        click.echo(compact_json({"line": number, **advice_left_out(data)}))
        if code is not Exit.OK or not self.line.live:
            say(f"Line {number} ({len(self._codes)} of {self._total}): {words}")
        self.redraw()

    def failed(self, number: int, error: SoraError, job: Job | None = None) -> None:
        """Tell of a line that nothing came of; `job`: what had been started."""
        explained = told(error)
        about = job or error.job
        video = {"video_id": about.id} if about is not None else {}
        data = {**video, "error": explained.model_dump()}
        self.ended(number, data, exit_of_error(error), explained.message)

    def redraw(self) -> None:
        """Draw the line on a terminal again."""
        if not self.line.live or not self._total:
            return
        waiting = (JobStatus.WAITING, JobStatus.SUBMITTING)
        making = sum(job.status not in waiting for job in self._active.values())
        left = self._total - len(self._codes) - making
        self.line.draw(
            f"{clock(time.monotonic() - self._began)}  {self._counted()}, {making} being made, "
            f"{left} waiting"
        )

    def summary(self) -> str:
        """What became of the lines, in a sentence."""
        return f"{self._counted()}."

    def _counted(self) -> str:
        bad = sum(code is not Exit.OK for code in self._codes)
        done = f"{len(self._codes)} of {self._total} lines done"
        return f"{done} ({bad} with an error)" if bad else done
