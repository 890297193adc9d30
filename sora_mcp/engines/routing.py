"""The engines that are configured: which makes a new video, and which one a job belongs to."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from sora_mcp.videos.errors import InvalidRequest, NotConfigured
from sora_mcp.videos.models import Job
from sora_mcp.videos.ports import Engine, EngineLimits


class EngineRegistry:
    """Engines by name, in groups of replicas; the first group is where new videos go."""

    def __init__(
        self,
        groups: Mapping[str, Sequence[Engine]],
        *,
        names: Collection[str] = (),
        others: Sequence[Engine] = (),
        model: str | None = None,
    ) -> None:
        """Groups of replicas of one host each.

        `names`: the groups that a model may name. `others`: engines that keep their own jobs, but
        are given no new ones. `model`: what is meant when none is named.
        """
        self._model = model
        self._groups = {name: tuple(replicas) for name, replicas in groups.items()}
        self._names = names
        members = itertools.chain(*self._groups.values(), others)
        self._engines = {engine.name: engine for engine in members}
        # Ledgers may have hosts in the case in which they were written once.
        self._by_name = {name.lower(): engine for name, engine in self._engines.items()}
        self._turn = itertools.count()

    def choose(self, model: str | None, load: Mapping[str, int]) -> tuple[Engine, str | None]:
        """The engine for a new job, and the model as that engine knows it.

        Raises:
            InvalidRequest: The model begins with the name of an engine, in other case.
        """
        model = model or self._model
        name, slash, rest = (model or "").partition("/")
        if slash and name in self._names:
            return self._least_busy(self._groups[name], load), rest or None
        meant = next((known for known in self._names if known.lower() == name.lower()), None)
        if slash and meant is not None:
            raise InvalidRequest(
                f"model begins with {name}/, but the engine is called {meant}. "
                f"Write {meant}/{rest}."
            )
        return self._least_busy(next(iter(self._groups.values())), load), model

    def _least_busy(self, replicas: Sequence[Engine], load: Mapping[str, int]) -> Engine:
        healthy = [engine for engine in replicas if engine.healthy] or replicas
        # Among equals they take turns: calls at the same moment see the same load.
        turn = next(self._turn)
        ranked = enumerate(healthy)
        count = len(healthy)
        return min(ranked, key=lambda at: (load.get(at[1].name, 0), (at[0] - turn) % count))[1]

    def refuges(self) -> Sequence[tuple[Engine, Engine]]:
        """Each engine that is set aside, with a healthy replica, where there is one."""
        set_aside = [engine for engine in self._engines.values() if not engine.healthy]
        found = [(engine, self.instead_of(engine)) for engine in set_aside]
        return [(engine, other) for engine, other in found if other is not None]

    def instead_of(self, engine: Engine) -> Engine | None:
        """A healthy replica of an engine that cannot be reached, if there is one."""
        for replicas in self._groups.values():
            if engine in replicas:
                others = [other for other in replicas if other is not engine and other.healthy]
                return self._least_busy(others, {}) if others else None
        return None

    def of(self, job: Job) -> Engine:
        """The engine that a job belongs to, by the name it was made with."""
        engine = self._engines.get(job.engine) or self._by_name.get(job.engine.lower())
        if engine is not None and _serves(engine, job.base_url):
            return engine
        # It may have been given another name since.
        others = self._engines.values()
        moved = next((other for other in others if _same(other.base_url, job.base_url)), None)
        if moved is not None:
            return moved
        if engine is not None:
            raise NotConfigured(
                f"{job.id} is at {job.base_url}; the engine {job.engine!r} is now another host, "
                f"{engine.base_url}, which is not asked about it. The operator can give the former "
                "host a name of its own (SORA_MCP_ENGINES_FILE)."
            )
        raise NotConfigured(
            f"{job.id} was made with the engine {job.engine!r}, which is not configured now "
            f"(configured: {', '.join(self._engines)}). The operator can configure that host "
            "again (SORA_MCP_BASE_URL or SORA_MCP_ENGINES_FILE)."
        )

    def every(self) -> Sequence[Engine]:
        """Every engine and replica that may have jobs, those of the default engine first."""
        return list(self._engines.values())

    def all(self) -> Sequence[Engine]:
        """The engines that new videos can go to, replicas once; the default one first."""
        return [
            next((engine for engine in replicas if engine.healthy), replicas[0])
            for replicas in self._groups.values()
        ]

    def limits(self) -> Mapping[str, EngineLimits]:
        """The limits of every engine, by name."""
        return {name: engine.limits for name, engine in self._engines.items()}


def _serves(engine: Engine, base_url: str | None) -> bool:
    """Whether an engine is the host that has a job: ids, and keys, belong to one host."""
    if base_url is None:  # nobody has it yet
        return True
    if engine.base_url is None:
        return False
    return urlsplit(engine.base_url).netloc.lower() == urlsplit(base_url).netloc.lower()


def _same(one: str | None, other: str | None) -> bool:
    """Whether two base URLs are the same one."""
    return one is not None and other is not None and one.lower() == other.lower()
