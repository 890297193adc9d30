"""Any host that speaks the Videos API: what is asked of it, and what its answers mean."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from sora_mcp.addresses import shown
from sora_mcp.engines.answers import Body, elsewhere, json_of, poll_after
from sora_mcp.engines.assets import Assets
from sora_mcp.engines.connection import Connection, ConnectionBroke, ErrorAnswered
from sora_mcp.engines.dialects import COMPATIBLE, Dialect, Request, segment
from sora_mcp.engines.failures import HOST_SETTINGS, Failures, SettingNames
from sora_mcp.engines.health import Health
from sora_mcp.engines.host_client import MOST_BYTES
from sora_mcp.engines.inline import holds_video
from sora_mcp.engines.knowledge import Knowledge, Recognised
from sora_mcp.engines.reading import HostWords, error_words, parse_job
from sora_mcp.engines.recognition import recognise
from sora_mcp.engines.standing import StandingRequests, StoredContent, is_standing
from sora_mcp.engines.tracing import Observe, unobserved
from sora_mcp.engines.webhooks import fresh_id, job_with_news
from sora_mcp.logs import Redactor
from sora_mcp.videos.errors import (
    ContentMissing,
    EngineError,
    EngineFault,
    OperationMissing,
    OutcomeUnknown,
    WebhookRefused,
)
from sora_mcp.videos.lifecycle import LIST_FROM
from sora_mcp.videos.models import (
    EngineFacts,
    EngineJob,
    Job,
    JobStatus,
    Submission,
)
from sora_mcp.videos.ports import EngineDefaults, EngineLimits, EngineProfile, Heard
from sora_mcp.videos.spending import OPENAI_HOST

LIST_LIMIT = 100


class _Page(NamedTuple):
    jobs: list[EngineJob]
    next_after: str | None
    """The id to ask for the next page with; None on the last one."""


class VideosApiEngine:
    """One host: one base URL, one key, one dialect."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        limits: EngineLimits,
        dialect: Dialect | None = None,
        presets: EngineDefaults | None = None,
        api_key: SecretStr | None = None,
        webhook_secret: SecretStr | None = None,
        settings: SettingNames = HOST_SETTINGS,
        standing: StandingRequests | None = None,
        redact: Redactor | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        public: httpx2.AsyncBaseTransport | None = None,
        observe: Observe = unobserved,
    ) -> None:
        """One host.

        `dialect`: what the operator says that the host speaks; it is recognised otherwise.
        `presets`: the operator's values for new videos that name none.
        `webhook_secret`: what the host's messages are signed with; without one none is believed.
        `settings`: where the operator sets address and key, for messages.
        `standing`: keeps requests to a host that answers with the video itself.
        `redact`: takes secrets out of what the host says; by default its own key.
        `transport`: the way to an engine inside this process; then there is no host to name.
        `public`: the way to files that the host keeps elsewhere; the public web by default.
        `observe`: told of every request to the host.
        """
        self.name = name
        self.base_url = None if transport else shown(base_url)
        self.limits = limits
        self.free = transport is not None
        self.presets = presets or EngineDefaults()
        self._webhook_secret = webhook_secret
        self._retired = urlsplit(base_url).hostname == OPENAI_HOST
        self._standing = standing
        self._health = Health()
        self._taking = Health()
        """Whether it takes jobs: it may answer looks well, and every submission with a fault."""
        own_key = [api_key.get_secret_value()] if api_key else []
        self._words = HostWords(redact or Redactor(own_key))
        self._failures = Failures(name, self._words, settings, retired=self._retired)
        most = MOST_BYTES if standing is None else max(MOST_BYTES, standing.most_held)
        self._connection = Connection(base_url, api_key, transport, most, observe)
        self._assets = Assets(base_url, public=public)

        async def find_out() -> Recognised:
            if self.free or self._retired:
                return Recognised(dialect or COMPATIBLE)
            way = self._connection
            found = await recognise(way.http, way.address, way.headers, dialect)
            if not found.reached:
                self._health.failed()
            return found.fit(self._words)

        self._knowledge = Knowledge(find_out)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()
        await self._assets.close()

    @property
    def healthy(self) -> bool:
        """False for a while after it could not be reached, longer each time."""
        return self._health.good and self._taking.good

    @property
    def standing(self) -> int:
        """Requests that would be lost with this process."""
        return self._standing.standing if self._standing is not None else 0

    async def hear_out(self) -> None:
        """Wait for the answers to requests that would be lost with this process."""
        if self._standing is not None:
            await self._standing.hear_out()

    async def profile(self, model: str | None = None) -> EngineProfile:
        """What kind of host it is, found out once, and what it does with a model."""
        return (await self._knowledge.get()).profile(model or self.presets.model)

    async def facts(self) -> EngineFacts:
        """What the host can do, as far as it tells."""
        known = await self._knowledge.get()
        return known.facts(self.name, self.base_url, self.presets.model)

    async def fields(self, submission: Submission) -> dict[str, Any]:
        """The fields that would be sent, without the image."""
        fields = (await self._request(submission)).fields
        return {name: value for name, value in fields.items() if name not in _NOT_SHOWN}

    async def _dialect(self) -> Dialect:
        return (await self._knowledge.get()).dialect

    async def _request(self, submission: Submission) -> Request:
        known = await self._knowledge.get()
        return known.dialect.request(submission, known.models)

    async def submit(self, submission: Submission) -> EngineJob:
        """Send one request, once. Raises what the port says."""
        await self._knowledge.ask_again()
        request = await self._request(submission)
        if (await self._dialect()).waits and self._standing is not None:
            return await self._standing.start(lambda: self._stand(request, submission))
        try:
            response = await self._connection.post(request)
        except ErrorAnswered as error:
            if error.status == 415 and request.encoding == "multipart":
                return await self._submit_as_json(submission)
            self._note_health(error.response, self._taking)
            job = self._job(error.response)
            if job is not None and job.status is JobStatus.FAILED:
                return job
            raise await self._refused(error.response, submission) from error
        except ConnectionBroke as error:
            self._health.failed()
            raise self._failures.submission_broke(error) from error
        self._health.answered()
        self._taking.answered()
        if self._standing is not None and holds_video(response.content, json_of(response)):
            # Not recognised for what it is, such as while it was starting.
            self._knowledge.learn(waits=True)
            return await self._standing.keep(response.content)
        job = self._job(response)
        if job is None:
            raise OutcomeUnknown(self._failures.no_job(response))
        return job

    async def _submit_as_json(self, submission: Submission) -> EngineJob:
        """To a gateway that took nothing of a form (415): it may read JSON only."""
        before = (await self._dialect()).encoding
        self._knowledge.learn(encoding="json")
        try:
            return await self.submit(submission)
        except EngineError:
            self._knowledge.learn(encoding=before)  # it was not that
            raise

    def _note_health(self, response: httpx2.Response, health: Health) -> None:
        """A host with a fault of its own is as good as absent; one that tells of a job is well."""
        if response.status_code >= 500 and self._job(response) is None:
            health.failed()
        else:
            health.answered()

    @asynccontextmanager
    async def _stand(
        self, request: Request, submission: Submission
    ) -> AsyncGenerator[httpx2.Response]:
        """Send a request whose answer is the video, and give the answer unread."""
        try:
            async with self._connection.stand(request) as response:
                if not response.is_success:
                    self._note_health(response, self._taking)
                    error = await self._refused(response, submission)
                    raise self._failures.answered(error, response)
                yield response
        except ConnectionBroke as error:
            self._health.failed()
            raise self._failures.submission_broke(error) from error

    async def _refused(self, response: httpx2.Response, submission: Submission) -> EngineError:
        known = await self._knowledge.get()
        error = self._failures.refusal(response, submission, list(known.models))
        if isinstance(error, OperationMissing) and not known.dialect.per_model:
            # "Not Found" is a missing path; in other words it may be the source that is missing.
            _, words = error_words(json_of(response), self._words)
            if response.status_code != 404 or (words or "").lower() in ("", "not found"):
                self._knowledge.learn(**{submission.operation.value: "emulated"})
        return error

    def keeps_here(self, engine_job_id: str) -> bool:
        """Whether the job is one of the engine inside this process, or of a standing request."""
        return self.free or is_standing(engine_job_id)

    async def retrieve(self, engine_job_id: str) -> EngineJob:
        """Look at one job."""
        if self._standing is not None and is_standing(engine_job_id):
            return await self._standing.look(engine_job_id)
        try:
            response = await self._look(f"/videos/{segment(engine_job_id)}")
        except ErrorAnswered as error:
            # vLLM-Omni answers for a failed job with its error status and the job in the body;
            # behind LiteLLM the job is inside the words, with the id that its provider gave it.
            job = self._job(error.response)
            if job is not None and (job.id == engine_job_id or job.status is JobStatus.FAILED):
                return job
            raise self._failures.look(error.response, engine_job_id) from error
        job = self._job(response)
        if job is None:
            raise EngineFault(self._failures.no_job(response, engine_job_id))
        return job

    async def list_jobs(self, wanted: Collection[str] = ()) -> Sequence[EngineJob] | None:
        """The newest jobs; None from a host that has shown that it cannot list.

        Goes on page by page while some of the `wanted` ids are missing, as long as that takes fewer
        requests than looking at each of them.
        """
        jobs: dict[str, EngineJob] = {}
        missing, after = set(wanted), None
        for _ in range(max(len(missing) // LIST_FROM, 1)):
            page = await self._page(after)
            if page is None:
                return list(jobs.values()) or None
            # A host that does not know `after` gives the same page again.
            new = [job for job in page.jobs if job.id not in jobs]
            jobs |= {job.id: job for job in new}
            missing -= jobs.keys()
            after = page.next_after
            if after is None or not new or not missing:
                break
        return list(jobs.values())

    async def _page(self, after: str | None) -> _Page | None:
        """A page of the list; None where there is none."""
        if (await self._dialect()).list == "missing":
            return None
        place = f"&after={segment(after)}" if after else ""
        try:
            response = await self._look(f"/videos?limit={LIST_LIMIT}&order=desc{place}")
        except ErrorAnswered as error:
            if after is not None:
                return None
            if error.status in (400, 404, 405, 422, 501):
                self._knowledge.learn(list="missing")
                return None
            raise self._failures.look(error.response) from error
        answer = json_of(response)
        told = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {"data": answer}
        found = told.get("data")
        if not isinstance(found, list):
            self._knowledge.learn(list="missing")
            return None
        parsed = [parse_job(entry, self._words) for entry in cast("list[object]", found)]
        jobs = [job for job in parsed if job is not None]
        return _Page(jobs, jobs[-1].id if jobs and told.get("has_more") is True else None)

    async def _look(self, path: str) -> httpx2.Response:
        try:
            response = await self._connection.get(path)
        except ErrorAnswered as error:
            self._note_health(error.response, self._health)
            raise
        except ConnectionBroke as error:
            self._health.failed()
            raise self._failures.look_broke(error) from error
        self._health.answered()
        return response

    async def cancel(self, engine_job_id: str) -> bool:
        """Stop and forget a job, where the host can; False where it may go on."""
        if self._standing is not None and is_standing(engine_job_id):
            stopped = await self._standing.cancel(engine_job_id)
            await self._standing.release(engine_job_id)
            return stopped
        dialect = await self._dialect()
        if dialect.delete == "missing":
            return False
        deleted = await self._delete(f"/videos/{segment(engine_job_id)}")
        return deleted and dialect.delete_stops

    async def release(self, engine_job_id: str) -> None:
        """Let an engine on this machine drop its copy of a file."""
        if self._standing is not None and is_standing(engine_job_id):
            await self._standing.release(engine_job_id)
        elif (await self._dialect()).releases_files:
            await self._delete(f"/videos/{segment(engine_job_id)}/content")

    async def _delete(self, path: str) -> bool:
        try:
            await self._connection.delete(path)
        except ErrorAnswered as error:
            if error.status in (405, 501):
                self._knowledge.learn(delete="missing")
            return False
        except ConnectionBroke:
            return False
        return True

    @asynccontextmanager
    async def open_content(self, job: Job, offset: int) -> AsyncGenerator["Body | StoredContent"]:
        """Open the finished video at a byte offset."""
        assert job.engine_job_id is not None  # noqa: S101  # only a job at an engine is finished
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        place = job.asset_url
        if self._standing is not None and is_standing(job.engine_job_id):
            stored = self._standing.content(job.engine_job_id, offset)
            if stored is not None:
                yield stored
                return
        else:
            try:
                async with self._connection.content(job.engine_job_id, headers) as response:
                    yield Body(self.name, response, self._words)
                    return
            except ErrorAnswered as error:
                place = elsewhere(error.response, job)
                if place is None:
                    raise self._failures.content(error.response, job.engine_job_id) from error
            except ConnectionBroke as error:
                raise self._failures.look_broke(error) from error
        if place is None:
            raise ContentMissing(f"{self.name} named no place for the file.")
        # Without the key: it belongs to the host.
        async with self._assets.open(place, headers) as found:
            yield Body(self.name, found, self._words)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What a message says that claims to be the host's."""
        try:
            if self._webhook_secret is None:
                raise ValueError("There is no secret to check it with.")
            self._connection.check_signature(self._webhook_secret, headers, body)
            return Heard(fresh_id(headers, now), job_with_news(body))
        except ValueError as error:
            raise WebhookRefused("This is no message of the engine, or not a fresh one.") from error

    def _job(self, response: httpx2.Response) -> EngineJob | None:
        job = parse_job(json_of(response), self._words)
        if job is None:
            return None
        error = job.error
        if error is not None and self.free:
            error = error.model_copy(update={"charged": "no"})
        return job.model_copy(update={"poll_after": poll_after(response), "error": error})


_NOT_SHOWN = frozenset({"frame_images", "input_reference", "image_reference", "video"})
"""Fields that hold an image, of which people are told otherwise, or the host's own id."""
