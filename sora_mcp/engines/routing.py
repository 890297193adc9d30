"""The engines that are configured, and which of them a job belongs to."""

from collections.abc import Mapping, Sequence

from sora_mcp.videos.errors import NotConfigured
from sora_mcp.videos.models import Job
from sora_mcp.videos.ports import Engine, EngineLimits


class EngineRegistry:
    """Engines by name; the first is the one that new videos go to."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = {engine.name: engine for engine in engines}
        self._default = engines[0]

    def choose(self, model: str | None) -> Engine:
        """The engine for a new job."""
        return self._default

    def of(self, job: Job) -> Engine:
        """The engine that a job belongs to, by the name it was made with."""
        engine = self._engines.get(job.engine)
        if engine is None:
            raise NotConfigured(
                f"{job.id} was made with the engine {job.engine!r}, which is not configured now "
                f"(configured: {', '.join(self._engines)}). The operator can set "
                "SORA_MCP_BASE_URL to that host again."
            )
        return engine

    def limits(self) -> Mapping[str, EngineLimits]:
        """The limits of every engine, by name."""
        return {name: engine.limits for name, engine in self._engines.items()}
