"""From the settings to the engines that they name."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import httpx2

from sora_mcp.addresses import authority
from sora_mcp.engines.dialects import EMBEDDED, Dialect
from sora_mcp.engines.embedded.api import open_embedded_api
from sora_mcp.engines.failures import HOST_SETTINGS, SettingNames
from sora_mcp.engines.recognition import by_address, named
from sora_mcp.engines.routing import EngineRegistry
from sora_mcp.engines.standing import open_standing_requests
from sora_mcp.engines.videos_api import VideosApiEngine
from sora_mcp.logs import redactor
from sora_mcp.named_engines import VARIABLE, NamedEngine
from sora_mcp.settings import Settings
from sora_mcp.videos.measuring import Measures
from sora_mcp.videos.ports import EngineDefaults, EngineLimits
from sora_mcp.videos.spending import Price


def named_dialects(settings: Settings) -> Mapping[str, Dialect]:
    """The dialects that the operator names.

    Raises:
        NotConfigured: There is none of that name.
    """
    places = {"SORA_MCP_DIALECT": settings.dialect}
    places |= {f"{VARIABLE}, [{engine.name}]": engine.dialect for engine in settings.named_engines}
    return {name: named(name, place) for place, name in places.items() if name}


@asynccontextmanager
async def open_engines(
    settings: Settings, dialects: Mapping[str, Dialect], measures: Measures
) -> AsyncGenerator[EngineRegistry]:
    """The engines of the settings, for as long as the context is open.

    The embedded engine is there for its own jobs even when a host makes the new ones.
    """
    async with AsyncExitStack() as stack:
        # Of all engines: a gateway may repeat a key that it shares with another one.
        redact = redactor(settings)
        standing = await stack.enter_async_context(
            open_standing_requests(
                settings.home / "standing", max_bytes=settings.max_file_bytes, redact=redact
            )
        )

        def host(name: str, address: str, engine: NamedEngine | None = None) -> VideosApiEngine:
            dialect = engine.dialect if engine else settings.dialect
            opened = VideosApiEngine(
                name=name,
                base_url=address,
                dialect=dialects[dialect] if dialect else by_address(address),
                limits=_limits(settings, 1.0, engine),
                presets=_presets(settings, engine),
                api_key=engine.api_key if engine else settings.api_key,
                webhook_secret=settings.openai_webhook_secret,
                settings=_setting_names(engine) if engine else HOST_SETTINGS,
                standing=standing,
                redact=redact,
                observe=partial(measures.request, name),
            )
            stack.push_async_callback(opened.close)
            return opened

        groups: dict[str, list[VideosApiEngine]] = {}
        if settings.base_urls:
            names = unique_names(settings.base_urls)
            hosts = [host(name, address) for name, address in names.items()]
            groups[hosts[0].name] = hosts
        for engine in settings.named_engines:
            replicas = _replicas(engine).items()
            groups[engine.name] = [host(name, url, engine) for name, url in replicas]
        embedded = await _open_embedded(settings, stack, measures, default=not groups)
        if not groups:
            groups[embedded.name] = [embedded]
        # Before the clients that they run on are closed.
        stack.push_async_callback(standing.cut_off)
        prefixes = frozenset(engine.name for engine in settings.named_engines)
        yield EngineRegistry(
            groups,
            names=prefixes,
            others=[embedded],
            model=settings.model if settings.model_names_engine else None,
        )


def stated_prices(settings: Settings) -> Mapping[str, tuple[Price, ...]]:
    """What the file of named engines says that each of them charges, by engine."""
    return {
        name: engine.price_rows() for engine in settings.named_engines for name in _replicas(engine)
    }


def _replicas(engine: NamedEngine) -> Mapping[str, str]:
    """The base URLs of an engine's replicas, each with a name."""
    first, *rest = engine.addresses
    others = {f"{engine.name}@{name}": url for name, url in unique_names(rest).items()}
    # The bare name stays with the first, so that adding a replica changes no job's engine.
    return {engine.name: first, **others}


def unique_names(addresses: Sequence[str]) -> dict[str, str]:
    """A name for each base URL: its host and port, and its path where those are not enough."""
    hosts = [authority(address) for address in addresses]
    return {
        host if hosts.count(host) == 1 else f"{host}{urlsplit(address).path}": address
        for host, address in zip(hosts, addresses, strict=True)
    }


def _setting_names(engine: NamedEngine) -> SettingNames:
    return SettingNames(
        address=f"base_url of [{engine.name}] in {VARIABLE}",
        key=engine.api_key_env or HOST_SETTINGS.key,
    )


def _presets(settings: Settings, engine: NamedEngine | None = None) -> EngineDefaults:
    """What is asked for unasked; the general settings are those of the default engine."""
    if engine is None:
        model = None if settings.model_names_engine else settings.model
        return EngineDefaults(model, settings.size, settings.seconds)
    default = not settings.base_urls and engine is settings.named_engines[0]
    general = _presets(settings) if default else EngineDefaults()
    return EngineDefaults(
        engine.model or general.model,
        engine.size or general.size,
        general.seconds if engine.seconds is None else engine.seconds,
    )


def _limits(
    settings: Settings, default_interval: float, engine: NamedEngine | None = None
) -> EngineLimits:
    own = engine.min_submit_interval if engine else None
    interval = settings.min_submit_interval if own is None else own
    return EngineLimits(
        (engine and engine.max_active_jobs) or settings.max_active_jobs,
        default_interval if interval is None else interval,
    )


async def _open_embedded(
    settings: Settings, stack: AsyncExitStack, measures: Measures, *, default: bool
) -> VideosApiEngine:
    api = await stack.enter_async_context(open_embedded_api(settings.home / "embedded"))
    engine = VideosApiEngine(
        name=EMBEDDED.name,
        base_url="http://embedded.invalid/v1",
        dialect=EMBEDDED,
        limits=_limits(settings, 0.0),
        webhook_secret=settings.openai_webhook_secret,
        presets=_presets(settings) if default else None,
        transport=httpx2.ASGITransport(app=api, raise_app_exceptions=False),
        observe=partial(measures.request, EMBEDDED.name),
    )
    stack.push_async_callback(engine.close)
    return engine
