"""What `doctor` looks at beyond this machine's folders: the ledger, and each engine's host."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import anyio
import httpx2
from pydantic import SecretStr

from sora_mcp.addresses import EXAMPLE, shown
from sora_mcp.cli.checks import Check
from sora_mcp.cli.interrupts import run
from sora_mcp.cli.session import Session
from sora_mcp.cli.wording import for_terminal
from sora_mcp.engines.answers import json_of, why, words_of
from sora_mcp.engines.failures import rejects_key
from sora_mcp.engines.host_client import HostClient
from sora_mcp.engines.reading import HostWords
from sora_mcp.logs import Redactor
from sora_mcp.named_engines import VARIABLE as ENGINES_FILE
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.settings import Settings
from sora_mcp.store.peek import LEDGER
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.models import EngineFacts
from sora_mcp.videos.reports import EngineReport
from sora_mcp.videos.service import VideoService
from sora_mcp.videos.spending import OPENAI_HOST

PROBE_SECONDS = 10.0
_NO_VIDEO = "videos/sora-mcp-doctor"
"""A video that no host has: asking for it costs nothing, and wants the key wherever one is wanted,
also where the list of models is open to everyone."""
_NOWHERE = "sora-mcp-doctor"
"""A path that no host has: what it answers to it says what it answers to any."""


def check_engines(session: Session) -> Iterator[Check]:
    """The ledger opens, every host answers and takes the key, and the model is known."""

    async def report(videos: VideoService) -> EngineReport:
        return await videos.engine_report(LOCAL_OWNER)

    settings = session.settings
    try:
        found = session.run(report, follow_jobs=False)
    except SoraError as error:
        yield Check(
            "ledger",
            "failure",
            for_terminal(error.message),
            "Mend that, or choose another folder with SORA_MCP_HOME.",
        )
        return
    where = "the database" if settings.database_url else str(settings.home / LEDGER)
    yield Check("ledger", "ok", f"{where} opens")
    for note in session.stray_key_note:
        yield Check("engine", "warning", note, "Set SORA_MCP_BASE_URL, or remove the key.")
    if found.facts.base_url is None:
        told = f"embedded: local previews, no AI video{_limits(found.facts)}"
        yield Check("engine", "ok", told)
    facts = {engine.base_url: engine for engine in (found.facts, *found.others)}
    hosts = _hosts(settings)
    for host, answers in zip(hosts, run(lambda: _ask_all(hosts)), strict=True):
        yield _host(host, answers, facts.get(shown(host.base_url)))
    yield from _model(settings, found.facts.models)


@dataclass(frozen=True)
class _Host:
    """A base URL, and where the operator sets it and its key."""

    base_url: str
    api_key: SecretStr | None
    setting: str
    key_setting: str

    @property
    def is_retired(self) -> bool:
        """Whether it is OpenAI's own, which is gone."""
        return urlsplit(self.base_url).hostname == OPENAI_HOST

    @property
    def words(self) -> HostWords:
        """Makes what it says fit to be shown."""
        key = self.api_key
        return HostWords(Redactor([key.get_secret_value()] if key else []))


@dataclass(frozen=True)
class _Answers:
    """What a host answers to questions that change nothing."""

    models: httpx2.Response
    video: httpx2.Response
    """To the question for a video that is not there."""
    nowhere: httpx2.Response
    """To the question for a path that no host has."""
    words: HostWords

    def first(self, holds: Callable[[httpx2.Response], bool]) -> httpx2.Response | None:
        """The first answer about which something holds."""
        return next(filter(holds, (self.models, self.video)), None)

    @property
    def knows_videos(self) -> bool:
        """Whether it lists models, or answers for a video otherwise than for any path."""
        listed = self.models.is_success and isinstance(json_of(self.models), dict | list)
        about_videos = self._said(self.video, _NO_VIDEO)
        return listed or about_videos != self._said(self.nowhere, _NOWHERE)

    def _said(self, response: httpx2.Response, path: str) -> tuple[int, str]:
        return response.status_code, words_of(response, self.words).replace(path, "")


def _hosts(settings: Settings) -> list[_Host]:
    return [
        *(
            _Host(address, settings.api_key, "SORA_MCP_BASE_URL", "SORA_MCP_API_KEY")
            for address in settings.base_urls
        ),
        *(
            _Host(address, engine.api_key, ENGINES_FILE, engine.api_key_env or "api_key_env")
            for engine in settings.engines_file
            for address in engine.addresses
        ),
    ]


async def _ask_all(hosts: Sequence[_Host]) -> list[_Answers | str]:
    """What each host answers, or why it does not; all are asked at once, but OpenAI's."""
    found: dict[int, _Answers | str] = {}

    async def ask(number: int, host: _Host) -> None:
        found[number] = "" if host.is_retired else await _ask(host)

    async with anyio.create_task_group() as tasks:
        for number, host in enumerate(hosts):
            tasks.start_soon(ask, number, host)
    return [found[number] for number in range(len(hosts))]


async def _ask(host: _Host) -> _Answers | str:
    key = host.api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    base = host.base_url.rstrip("/")
    try:
        with anyio.fail_after(PROBE_SECONDS):
            async with HostClient(headers=headers, timeout=PROBE_SECONDS) as client:
                paths = ("models", _NO_VIDEO, _NOWHERE)
                answers = [await client.get(f"{base}/{path}") for path in paths]
                return _Answers(*answers, words=host.words)
    except TimeoutError:
        return f"no answer within {PROBE_SECONDS:g} s"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return why(error, host.words)


def _host(host: _Host, answers: _Answers | str, facts: EngineFacts | None) -> Check:
    def failure(found: str, fix: str) -> Check:
        return Check("engine", "failure", found, fix)

    url = shown(host.base_url)
    if host.is_retired:
        return failure(
            "OpenAI switched its Videos API and Sora off on 2026-09-24",
            "Set SORA_MCP_BASE_URL to another host, or SORA_MCP_ENGINE=embedded for previews.",
        )
    if isinstance(answers, str):
        return failure(
            f"{url} cannot be reached: {answers}", f"Start the host, or correct {host.setting}."
        )
    if (refused := answers.first(rejects_key)) is not None:
        what = "does not accept the key" if host.api_key else "wants a key"
        return failure(
            f"{url} {what} (HTTP {refused.status_code})",
            f"{'Correct' if host.api_key else 'Set'} {host.key_setting}.",
        )
    if answers.video.is_redirect:
        place = urljoin(f"{url}/{_NO_VIDEO}", answers.video.headers.get("location", ""))
        to = host.words(shown(place))
        return failure(
            f"{url} sends elsewhere (HTTP {answers.video.status_code}), and keys do not follow",
            f"It leads to {to.removesuffix(f'/{_NO_VIDEO}')}; set {host.setting} to the host's own "
            "address.",
        )
    if not answers.knows_videos:
        return failure(
            f"{url} has no Videos API: whatever is asked for, it answers HTTP "
            f"{answers.video.status_code}, {words_of(answers.video, host.words)}",
            f"Correct {host.setting}; its path is often /v1, as in {EXAMPLE}.",
        )
    key = ", accepts the key" if host.api_key else ""
    speaks = f" and speaks the dialect {facts.kind}" if facts is not None and facts.kind else ""
    limits = _limits(facts) if facts is not None else ""
    return Check("engine", "ok", f"{url} answers{key}{speaks}{limits}")


def _limits(facts: EngineFacts) -> str:
    """What an engine says that it takes, where it does."""
    said = {"sizes": facts.sizes, "seconds": facts.seconds}
    return "".join(f"; {name}: {', '.join(values)}" for name, values in said.items() if values)


def _model(settings: Settings, models: tuple[str, ...]) -> Iterator[Check]:
    # One that names its engine is not the default engine's, whose models these are.
    if settings.model is None or settings.model_names_engine or not models:
        return
    if settings.model in models:
        yield Check("model", "ok", settings.model)
    else:
        yield Check(
            "model",
            "warning",
            f"the host does not list {settings.model}",
            f"Set SORA_MCP_MODEL to one of: {', '.join(models[:10])}.",
        )
