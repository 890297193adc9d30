"""From the arguments of a call to a job that could be started: checks, defaults, cost.

A plan costs nothing and changes nothing. `VideoService.start` carries it out.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sora_mcp.videos.checks import (
    MAX_PROMPT,
    check_key,
    check_prompt,
    check_seconds,
    check_size,
    fingerprint,
)
from sora_mcp.videos.errors import InvalidRequest, NotReady, SpendingRefused
from sora_mcp.videos.lifecycle import ACTIVE
from sora_mcp.videos.missing import not_found
from sora_mcp.videos.models import (
    VIDEO_ID_PATTERN,
    Asked,
    EngineFacts,
    Fit,
    Job,
    JobStatus,
    Operation,
    Submission,
    Variant,
    new_video_id,
)
from sora_mcp.videos.ports import (
    Engine,
    EngineDefaults,
    Engines,
    JobStore,
    Library,
    PreparedReference,
    References,
)
from sora_mcp.videos.spending import EMBEDDED, Estimate, Prices

LOCAL = "local"
"""The engine's name of jobs that are done here: joins."""

MAX_JOIN = 20
_OUR_URI = re.compile(rf"sora://videos/({VIDEO_ID_PATTERN})/([a-z_]+\.[a-z0-9]+)")


@dataclass(frozen=True)
class SpendingRules:
    """What the operator allows, in USD; None is no rule."""

    max_per_call: float | None = None
    confirm_above: float | None = None
    any_limit: bool = False
    """Whether any limit at all is set: then an unknown price is refused."""


@dataclass(frozen=True)
class Plan:
    """A job that could be started, and what starting it would mean."""

    job: Job
    request: dict[str, Any]
    """What would be sent, for people: the fields, and what becomes of the image."""
    estimate: Estimate
    reference: PreparedReference | None = None
    must_confirm: bool = False
    """Whether the person has to be asked first."""


class Planner:
    """Checks requests and works out what they would send and cost."""

    def __init__(
        self,
        *,
        store: JobStore,
        engines: Engines,
        library: Library,
        references: References,
        prices: Prices,
        defaults: EngineDefaults,
        rules: SpendingRules,
    ) -> None:
        self._store = store
        self._engines = engines
        self._library = library
        self._references = references
        self._prices = prices
        self._defaults = defaults
        self._rules = rules

    @property
    def input_dirs(self) -> tuple[Path, ...]:
        """The folders that references may be read from."""
        return self._references.input_dirs

    def prices_of(self, engine: Engine, facts: EngineFacts) -> dict[str, float]:
        """The known prices of an engine's models."""
        models = [*facts.models, *filter(None, [self._defaults.model, engine.defaults.model])]
        return self._prices.for_host(_host(engine), models)

    async def generate(
        self,
        owner: str,
        *,
        prompt: str,
        model: str | None = None,
        size: str | None = None,
        seconds: float | None = None,
        input_reference: str | None = None,
        reference_fit: Fit = "cover",
        options: Mapping[str, Any] | None = None,
        max_cost_usd: float | None = None,
        idempotency_key: str | None = None,
    ) -> Plan:
        """A new video from words, and perhaps a first frame.

        Raises:
            InvalidRequest, InvalidReference, OutsideFolders: An argument will not do.
            SpendingRefused: It may cost more than is allowed.
        """
        engine = self._engines.choose(model)
        check_prompt(prompt)
        model = model or self._defaults.model
        size = check_size(size or self._defaults.size)
        seconds = check_seconds(seconds if seconds is not None else self._defaults.seconds)
        reference = None
        if input_reference is not None:
            image = await self._image(owner, input_reference)
            target = size or engine.defaults.size
            reference = await self._references.prepare(image, target, reference_fit)
        submission = Submission(
            operation=Operation.GENERATE,
            prompt=prompt,
            model=model,
            size=size,
            seconds=seconds,
            options=dict(options or {}),
            reference=reference.png if reference else None,
        )
        arguments = {
            "prompt": prompt,
            "model": model,
            "size": size,
            "seconds": seconds,
            "options": submission.options,
            "input_reference": input_reference,
            "reference_fit": reference_fit,
        }
        return self._plan(
            owner, engine, submission, arguments, max_cost_usd, idempotency_key, reference=reference
        )

    async def remix(
        self,
        owner: str,
        *,
        video_id: str,
        prompt: str,
        max_cost_usd: float | None = None,
        idempotency_key: str | None = None,
    ) -> Plan:
        """A finished video again, with a change. Raises what `generate` does, and `NotReady`."""
        source = await self._source(owner, video_id, "remix")
        check_prompt(prompt)
        submission = Submission(
            operation=Operation.REMIX,
            prompt=prompt,
            model=source.model,
            size=source.size,
            seconds=_seconds_of(source),
            source_engine_job_id=source.engine_job_id,
        )
        arguments = {"video_id": video_id, "prompt": prompt}
        engine = self._engines.of(source)
        return self._plan(
            owner, engine, submission, arguments, max_cost_usd, idempotency_key, sources=[source]
        )

    async def extend(
        self,
        owner: str,
        *,
        video_id: str,
        prompt: str,
        seconds: float | None = None,
        max_cost_usd: float | None = None,
        idempotency_key: str | None = None,
    ) -> Plan:
        """A finished video made longer. Raises what `generate` does, and `NotReady`."""
        source = await self._source(owner, video_id, "extend")
        check_prompt(prompt)
        engine = self._engines.of(source)
        submission = Submission(
            operation=Operation.EXTEND,
            prompt=prompt,
            model=source.model,
            size=source.size,
            seconds=check_seconds(seconds if seconds is not None else engine.defaults.seconds),
            source_engine_job_id=source.engine_job_id,
        )
        arguments = {"video_id": video_id, "prompt": prompt, "seconds": seconds}
        return self._plan(
            owner, engine, submission, arguments, max_cost_usd, idempotency_key, sources=[source]
        )

    async def join(self, owner: str, *, video_ids: Sequence[str], title: str | None = None) -> Plan:
        """Finished videos one after the other as a new one; made here, at no cost."""
        if not 2 <= len(video_ids) <= MAX_JOIN:
            raise InvalidRequest(
                f"video_ids has {len(video_ids)} entries; give 2 to {MAX_JOIN}, in playing order."
            )
        if title is not None and not 1 <= len(title) <= 200:
            raise InvalidRequest("title must have 1 to 200 characters.")
        parts = [await self._source(owner, video_id, "join") for video_id in video_ids]
        videos = [part.file(Variant.VIDEO) for part in parts]
        for part, video in zip(parts, videos, strict=True):
            if video is None or not await self._library.exists(video):
                raise NotReady(
                    f"{part.id} has no file in the library. Call download_video with it first.",
                    job=part,
                )
        words = title or " → ".join(part.title or part.prompt[:80] for part in parts)
        job = Job(
            id=new_video_id(),
            owner=owner,
            operation=Operation.JOIN,
            status=JobStatus.WAITING,
            prompt=words[:MAX_PROMPT],
            title=title,
            size=parts[0].size,
            seconds=round(sum(video.seconds or 0 for video in videos if video), 3),
            source_ids=tuple(video_ids),
            engine=LOCAL,
            estimated_cost_usd=0,
            fingerprint=fingerprint(Operation.JOIN, {"video_ids": list(video_ids)}),
            created_at=self._store.now(),
        )
        return Plan(job, {"video_ids": list(video_ids)}, Estimate(0.0))

    async def _source(self, owner: str, video_id: str, verb: str) -> Job:
        job = await self._store.get(video_id, owner)
        if job is None:
            raise not_found(video_id)
        if job.status in ACTIVE:
            raise NotReady(
                f"{job.id} is not finished yet ({job.progress:.0f} %), so there is nothing to "
                f"{verb}. Call get_video_status with it and wait_seconds=25, then try again.",
                job=job,
            )
        if job.status is not JobStatus.COMPLETED:
            raise InvalidRequest(
                f"{job.id} ended as {job.status}, so there is nothing to {verb}. "
                "Call list_videos with status=completed and choose another.",
                job=job,
            )
        if verb != "join" and job.engine_job_id is None:
            raise InvalidRequest(
                f"{job.id} was joined here and no engine knows it, so it cannot be used to {verb}. "
                f"{verb.capitalize()} one of its parts instead: {', '.join(job.source_ids)}.",
                job=job,
            )
        return job

    async def _image(self, owner: str, source: str) -> bytes:
        if not source.startswith("sora://"):
            return await self._references.load(source)
        match = _OUR_URI.fullmatch(source)
        variant = Variant.from_file_name(match[2]) if match else None
        if match is None or variant in (None, Variant.VIDEO):
            raise InvalidRequest(
                f"input_reference {source[:100]!r} is not an image of a video here; use "
                "sora://videos/{video_id}/last_frame.png or sora://videos/{video_id}/thumbnail.webp."
            )
        job = await self._source(owner, match[1], "use")
        file = job.file(variant) or await self._library.add_still(job, variant)
        return await self._library.read(file, 0, file.bytes)

    def _plan(
        self,
        owner: str,
        engine: Engine,
        submission: Submission,
        arguments: dict[str, Any],
        max_cost_usd: float | None,
        idempotency_key: str | None,
        *,
        sources: Sequence[Job] = (),
        reference: PreparedReference | None = None,
    ) -> Plan:
        request: dict[str, Any] = dict(engine.fields(submission))
        if reference is not None:
            note = reference.note or "as it is"
            request["input_reference"] = f"{reference.width}x{reference.height} PNG ({note})"
        estimate = self._prices.estimate(
            _host(engine),
            submission.model or engine.defaults.model,
            submission.size or engine.defaults.size,
            submission.seconds if submission.seconds is not None else engine.defaults.seconds,
        )
        self._check_cost(estimate, max_cost_usd)
        notes: list[str] = []
        if estimate.note is not None:
            notes.append(f"The cost is reckoned with the {estimate.note}.")
        if reference is not None and reference.note is not None:
            notes.append(f"The first frame was {reference.note}.")
        job = Job(
            id=new_video_id(),
            owner=owner,
            operation=submission.operation,
            status=JobStatus.WAITING,
            prompt=submission.prompt,
            model=submission.model or engine.defaults.model,
            size=submission.size or engine.defaults.size,
            seconds=submission.seconds
            if submission.seconds is not None
            else engine.defaults.seconds,
            asked=Asked(model=submission.model, size=submission.size, seconds=submission.seconds),
            options=submission.options,
            source_ids=tuple(source.id for source in sources),
            has_reference=reference is not None,
            engine=engine.name,
            notes=tuple(notes),
            estimated_cost_usd=estimate.usd,
            idempotency_key=check_key(idempotency_key),
            fingerprint=fingerprint(submission.operation, arguments),
            created_at=self._store.now(),
        )
        confirm = self._rules.confirm_above
        asks = confirm is not None and (estimate.usd is None or estimate.usd > confirm)
        return Plan(job, request, estimate, reference, must_confirm=asks)

    def _check_cost(self, estimate: Estimate, max_cost_usd: float | None) -> None:
        if max_cost_usd is not None and not 0 <= max_cost_usd < math.inf:
            raise InvalidRequest(f"max_cost_usd is {max_cost_usd}; it must be 0 or more, in USD.")
        if estimate.usd is None:
            if max_cost_usd is not None or self._rules.any_limit:
                raise SpendingRefused(
                    "What this video costs is not known, and a limit on cost is set, so nothing "
                    "was sent. The operator can state the price in SORA_MCP_PRICES."
                )
            return
        if self._rules.max_per_call is not None and estimate.usd > self._rules.max_per_call:
            raise SpendingRefused(
                f"This video would cost about {estimate.usd:.2f} USD, above the operator's limit "
                f"of {self._rules.max_per_call:.2f} USD per call (SORA_MCP_MAX_COST_USD). "
                "Nothing was sent. A shorter or smaller video costs less."
            )
        if max_cost_usd is not None and estimate.usd > max_cost_usd:
            raise SpendingRefused(
                f"This video would cost about {estimate.usd:.2f} USD, above the limit of "
                f"{max_cost_usd:.2f} USD set for this call. Nothing was sent. "
                "A shorter or smaller video costs less."
            )


def _host(engine: Engine) -> str:
    if engine.base_url is None:
        return EMBEDDED
    return re.sub(r"^[a-z]+://|/.*$", "", engine.base_url.lower())


def _seconds_of(job: Job) -> float | None:
    video = job.file(Variant.VIDEO)
    return job.seconds if job.seconds is not None else video and video.seconds
