"""From the arguments of a call to a job that could be started: checks, defaults, cost.

A plan costs nothing and changes nothing. `VideoService.start` carries it out.
"""

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
    image_named,
)
from sora_mcp.videos.costing import Costing, with_defaults
from sora_mcp.videos.emulation import (
    is_only_here,
    length_of,
    longest,
    made_anew_note,
    whole_prompt,
)
from sora_mcp.videos.errors import InvalidRequest, NotReady, OperationMissing
from sora_mcp.videos.missing import check_source, not_found
from sora_mcp.videos.models import (
    Asked,
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
    EngineProfile,
    Engines,
    JobStore,
    Library,
    PreparedReference,
    References,
)
from sora_mcp.videos.spending import Estimate

LOCAL = "local"
"""The engine's name of jobs that are done here: joins."""

MAX_JOIN = 20
EXTENSION_SECONDS = 4.0
"""What an extension adds where nothing says how much; the Videos API's own default."""


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
    warning: str | None = None
    """What stands in the way of it just now."""


class Planner:
    """Checks requests and works out what they would send and cost."""

    def __init__(
        self,
        *,
        store: JobStore,
        engines: Engines,
        library: Library,
        references: References,
        costing: Costing,
    ) -> None:
        self._store = store
        self._engines = engines
        self._library = library
        self._references = references
        self.costing = costing

    @property
    def input_dirs(self) -> tuple[Path, ...]:
        """The folders that references may be read from."""
        return self._references.input_dirs

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
        check_prompt(prompt)
        model = (model or "").strip() or None
        engine, named, profile = await self._choose(model)
        preset = engine.presets
        size = check_size(size or preset.size)
        seconds = check_seconds(seconds if seconds is not None else preset.seconds)
        reference = None
        if input_reference is not None:
            if not profile.takes_images:
                raise InvalidRequest(
                    f"{named or preset.model or engine.name} takes no first frame. "
                    "Leave input_reference out, or choose another model."
                )
            image = await self._image(owner, input_reference)
            target = size or profile.defaults.size
            reference = await self._references.prepare(image, target, reference_fit)
        submission = Submission(
            operation=Operation.GENERATE,
            prompt=prompt,
            model=named or preset.model,
            size=size,
            seconds=seconds,
            options=dict(options or {}),
            reference=reference.png if reference else None,
        )
        arguments = {
            "prompt": prompt,
            "model": model or preset.model,
            "size": size,
            "seconds": seconds,
            "options": submission.options,
            "input_reference": input_reference,
            "reference_fit": reference_fit,
        }
        request = await engine.fields(submission)
        return self._plan(
            _Request(owner, engine, profile, submission, arguments, request, reference=reference),
            max_cost_usd,
            idempotency_key,
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
        arguments = {"video_id": video_id, "prompt": prompt}
        seconds = length_of(source) if is_only_here(source) else source.asked.seconds
        request = await self._follow_up(owner, source, Operation.REMIX, prompt, seconds, arguments)
        return self._plan(request, max_cost_usd, idempotency_key)

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
        arguments = {"video_id": video_id, "prompt": prompt, "seconds": seconds}
        request = await self._follow_up(
            owner, source, Operation.EXTEND, prompt, check_seconds(seconds), arguments
        )
        return self._plan(request, max_cost_usd, idempotency_key)

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
        asked = {"video_ids": list(video_ids)}
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
            fingerprint=fingerprint(Operation.JOIN, asked | {"title": title}),
            created_at=self._store.now(),
        )
        return Plan(job, asked, Estimate(0.0))

    async def _choose(self, model: str | None) -> tuple[Engine, str | None, EngineProfile]:
        """The engine for a new video, what it calls the model, and what it does with that."""
        engine, named = self._engines.choose(model, await self._store.load())
        profile = await engine.profile(named or engine.presets.model)
        # It may turn out only now that it does not answer.
        other = None if engine.healthy else self._engines.instead_of(engine)
        if other is None:
            return engine, named, profile
        return other, named, await other.profile(named or other.presets.model)

    async def _source(self, owner: str, video_id: str, verb: str) -> Job:
        job = await self._store.get(video_id, owner)
        if job is None:
            raise not_found(video_id)
        check_source(job, verb)
        return job

    async def _image(self, owner: str, source: str) -> bytes:
        if not source.startswith("sora://"):
            return await self._references.load(source)
        video_id, variant = image_named(source)
        job = await self._source(owner, video_id, "use")
        file = job.file(variant)
        if file is None or not await self._library.exists(file):
            file = await self._library.add_still(job, variant)
        return await self._library.read(file, 0, file.bytes)

    async def _follow_up(
        self,
        owner: str,
        source: Job,
        operation: Operation,
        prompt: str,
        seconds: float | None,
        arguments: dict[str, Any],
    ) -> "_Request":
        """A remix or extension; one that its host may not have is prepared to be emulated."""
        engine = self._engines.of(source)
        profile = await engine.profile(source.asked.model)
        support = profile.remix if operation is Operation.REMIX else profile.extend
        if support == "missing" or (is_only_here(source) and not profile.takes_images):
            raise OperationMissing(
                f"{engine.name} cannot {operation} videos, and its model takes no first frame, so "
                f"it cannot be emulated either. Nothing was sent."
            )
        emulated = support == "emulated" or is_only_here(source)
        length = source.asked.seconds if seconds is None else seconds
        if operation is Operation.EXTEND and not emulated:
            length = seconds or profile.defaults.seconds or length or EXTENSION_SECONDS
        native = Submission(
            operation=operation,
            prompt=prompt,
            # What was asked for comes first: a host may call its models whatever it likes.
            model=source.asked.model or source.model,
            size=source.asked.size or source.size,
            seconds=longest(source) if operation is Operation.REMIX else length,
            source_engine_job_id=source.engine_job_id,
        )
        words = whole_prompt(source, operation, prompt) if operation is Operation.REMIX else prompt
        anew = native.model_copy(
            update={
                "operation": Operation.GENERATE,
                "prompt": words,
                "model": source.asked.model,
                "size": source.asked.size,
                "seconds": length,
                "options": source.options,
            }
        )
        reference = None
        if (emulated or profile.tries_native) and profile.takes_images:
            reference = await self._frame(source, operation)
            anew = anew.model_copy(update={"reference": reference.png if reference else None})
        request = await engine.fields(anew if emulated else native)
        return _Request(
            owner, engine, profile, native, arguments, request, source, anew, emulated, reference
        )

    async def _frame(self, source: Job, operation: Operation) -> PreparedReference | None:
        """The picture that an emulated remix or extension begins with."""
        video = source.file(Variant.VIDEO)
        if video is None or not await self._library.exists(video):
            if operation is Operation.REMIX:
                return None
            raise NotReady(
                f"{source.id} has no file in the library. Call download_video with it first.",
                job=source,
            )
        if operation is Operation.REMIX:
            image = await self._library.first_frame(video)
        else:
            still = await self._library.add_still(source, Variant.LAST_FRAME)
            image = await self._library.read(still, 0, still.bytes)
        return await self._references.prepare(image, source.asked.size, "cover")

    def _plan(
        self, asked: "_Request", max_cost_usd: float | None, idempotency_key: str | None
    ) -> Plan:
        engine, profile, submission = asked.engine, asked.profile, asked.submission
        reference, source = asked.reference, asked.source
        request: dict[str, Any] = dict(asked.fields)
        notes: list[str] = []
        if reference is not None and (asked.emulated or source is None):
            note = reference.note or "as it is"
            request["input_reference"] = f"{reference.width}x{reference.height} PNG ({note})"
        estimate = self.costing.estimate(engine, profile, asked.may_be_sent, max_cost_usd)
        if estimate.note is not None:
            notes.append(f"The cost is reckoned with the {estimate.note}.")
        if reference is not None and reference.note is not None and source is None:
            notes.append(f"The first frame was {reference.note}.")
        told = with_defaults(submission, profile.defaults)
        kept = asked.anew or submission
        job = Job(
            id=new_video_id(),
            owner=asked.owner,
            operation=submission.operation,
            status=JobStatus.WAITING,
            prompt=submission.prompt,
            whole_prompt=whole_prompt(source, submission.operation, submission.prompt)
            if source
            else None,
            model=told.model,
            size=told.size,
            seconds=told.seconds,
            asked=Asked(model=kept.model, size=kept.size, seconds=kept.seconds),
            options=kept.options,
            source_ids=(source.id,) if source else (),
            has_reference=reference is not None,
            emulated=asked.emulated,
            engine=engine.name,
            home=source.home if source and not asked.emulated else None,
            notes=tuple(notes),
            estimated_cost_usd=estimate.usd,
            idempotency_key=check_key(idempotency_key),
            fingerprint=fingerprint(submission.operation, asked.arguments),
            created_at=self._store.now(),
        )
        if asked.emulated:
            job = job.model_copy(update={"notes": (*job.notes, made_anew_note(job))})
        confirm = self.costing.must_confirm(estimate)
        warning = None if engine.healthy else f"{engine.name} does not answer just now."
        return Plan(job, request, estimate, reference, must_confirm=confirm, warning=warning)


@dataclass(frozen=True)
class _Request:
    """What was asked for, checked, with what is known about it."""

    owner: str
    engine: Engine
    profile: EngineProfile
    submission: Submission
    arguments: dict[str, Any]
    fields: dict[str, Any]
    source: Job | None = None
    anew: Submission | None = None
    """The same as a new video, for a host that has no such operation."""
    emulated: bool = False
    reference: PreparedReference | None = None

    @property
    def may_be_sent(self) -> tuple[Submission, ...]:
        """What one job may send: a host that turns out to lack the operation gets it anew."""
        if self.anew is None:
            return (self.submission,)
        return (self.anew,) if self.emulated else (self.submission, self.anew)
