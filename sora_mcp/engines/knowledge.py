"""What is known of a host: its dialect, its models, and what was learnt by asking it."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from sora_mcp.engines.dialects import Dialect, ModelFacts, Models, sizes_of
from sora_mcp.engines.reading import HostWords
from sora_mcp.videos.models import EngineFacts
from sora_mcp.videos.ports import EngineProfile

ASK_AGAIN_SECONDS = 30.0
"""So long a host that could not be reached is taken for a plain one before it is asked again."""

FRESH_SECONDS = 3600.0
"""So long what is known counts: models and prices change, and hosts are exchanged."""

MODELS_TOLD = 50
MODELS_DESCRIBED = 10
"""So many models are told of one by one; one that is set as `SORA_MCP_MODEL` is told of alone."""
VALUES_TOLD = 30
"""So many sizes and so many lengths are told of each."""
_LONGEST_SIZE = 20


@dataclass(frozen=True)
class Recognised:
    """A kind of host, and what it told while it was recognised."""

    dialect: Dialect
    models: Models = field(default_factory=dict[str, ModelFacts])
    trouble: str | None = None
    """Why its models are not known."""
    reached: bool = True
    """Whether it answered at all; if not, it is worth asking again."""

    def fit(self, words: HostWords) -> "Recognised":
        """The same with only so much of what the host told as may be passed on."""
        some = words.names(self.models)
        models = {name: _fit(self.models[name], words) for name in some}
        trouble = None if some or not self.models else "The names of its models cannot be shown."
        return replace(self, models=models, trouble=self.trouble or trouble)

    def profile(self, model: str | None) -> EngineProfile:
        """What the host does with a model."""
        dialect, takes_images = self.dialect, self._takes_images(model)
        extend = dialect.extend
        return EngineProfile(
            defaults=dialect.defaults,
            remix=dialect.remix,
            extend="missing" if extend == "emulated" and not takes_images else extend,
            tries_native=dialect.tries_native,
            takes_images=takes_images,
            prices=tuple(price for facts in self.models.values() for price in facts.prices),
        )

    def facts(self, name: str, base_url: str | None, model: str | None) -> EngineFacts:
        """What people are told of the host; `model` is what is asked for unasked."""
        dialect = self.dialect
        models = list(self.models) or list(filter(None, [dialect.defaults.model]))
        sizes, seconds = self._told_of(model)
        return EngineFacts(
            name=name,
            base_url=base_url,
            kind=dialect.name,
            models=tuple(models[:MODELS_TOLD]),
            sizes=sizes or dialect.sizes,
            seconds=seconds or dialect.seconds,
            operations={**dialect.operations, "extend": self.profile(model).extend},
            options={name: str(option) for name, option in dialect.options.items()},
            notes=tuple(filter(None, [*dialect.notes, self.trouble])),
        )

    def _takes_images(self, model: str | None) -> bool:
        """Whether a model, or else the only one, starts from a first frame."""
        if model is None and len(self.models) == 1:
            model = next(iter(self.models))
        known = self.models.get(model or "")
        return self.dialect.takes_images and (known is None or known.takes_images)

    def _told_of(self, model: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Sizes and lengths of a model, or else of those that are told, by model."""
        if model is None and len(self.models) == 1:
            model = next(iter(self.models))
        known = self.models.get(model or "")
        if known is not None:
            return _sizes(known), _lengths(known)
        some = [facts for facts in self.models.values() if sizes_of(facts) or facts.seconds]
        some = some[:MODELS_DESCRIBED]
        return (
            tuple(f"{facts.name}: {', '.join(_sizes(facts))}" for facts in some),
            tuple(f"{facts.name}: {', '.join(_lengths(facts))}" for facts in some),
        )


def _fit(model: ModelFacts, words: HostWords) -> ModelFacts:
    return replace(
        model,
        sizes=words.names(model.sizes, _LONGEST_SIZE),
        resolutions=words.names(model.resolutions, _LONGEST_SIZE),
        ratios=words.names(model.ratios, _LONGEST_SIZE),
    )


def _sizes(model: ModelFacts) -> tuple[str, ...]:
    return sizes_of(model)[:VALUES_TOLD]


def _lengths(model: ModelFacts) -> tuple[str, ...]:
    return tuple(f"{length:g}" for length in model.seconds[:VALUES_TOLD])


class Knowledge:
    """Keeps what is known of one host; found out when it is first wanted."""

    def __init__(self, find_out: Callable[[], Awaitable[Recognised]]) -> None:
        self._find_out = find_out
        self._finding_out = anyio.Lock()
        self._known: Recognised | None = None
        self._since = 0.0

    async def get(self) -> Recognised:
        """What is known; a host that did not answer is asked again after a while."""
        async with self._finding_out:
            known, now = self._known, anyio.current_time()
            lasts = FRESH_SECONDS if known is not None and known.reached else ASK_AGAIN_SECONDS
            if known is None or now > self._since + lasts:
                found = await self._find_out()
                # What was known of a host that does not answer just now is better than nothing.
                self._known = known = found if found.reached or known is None else known
                self._since = now if found.reached else now - lasts + ASK_AGAIN_SECONDS
            return known

    async def ask_again(self) -> None:
        """Before money is spent: have a host that could not be reached asked anew, at once."""
        if self._known is not None and not self._known.reached:
            self._since = -math.inf
            await self.get()

    def learn(self, **changes: Any) -> None:
        """Something that the host's dialect says of it is not so."""
        if self._known is not None:
            dialect = replace(self._known.dialect, **changes)
            self._known = replace(self._known, dialect=dialect)
