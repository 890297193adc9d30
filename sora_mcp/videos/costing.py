"""What a request may cost: estimates, and the operator's rules about them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sora_mcp.videos.errors import InvalidRequest, SpendingRefused
from sora_mcp.videos.models import EngineFacts, Job, Submission
from sora_mcp.videos.ports import Engine, EngineDefaults, EngineProfile
from sora_mcp.videos.spending import EMBEDDED, Estimate, Price, Prices

_NEEDS_PRICE = "The operator can state the price in SORA_MCP_PRICES."
_NEEDS_SECONDS = "It is paid by the second, and the host's own length is not known: give `seconds`."


@dataclass(frozen=True)
class SpendingRules:
    """What the operator allows, in USD; None is no rule."""

    max_per_call: float | None = None
    confirm_above: float | None = None
    any_limit: bool = False
    """Whether any limit at all is set: then an unknown price is refused."""


class Costing:
    """Estimates requests, and refuses those that may cost too much."""

    def __init__(
        self, prices: Prices, stated: Mapping[str, tuple[Price, ...]], rules: SpendingRules
    ) -> None:
        """`stated`: what the operator states of single engines, by their names."""
        self._prices = prices
        self._stated = stated
        self._rules = rules

    def estimate(
        self,
        engine: Engine,
        profile: EngineProfile,
        submissions: Iterable[Submission],
        most: float | None,
    ) -> Estimate:
        """What a job will cost at most that sends one of these.

        Raises:
            InvalidRequest: `most` (the caller's limit, in USD) is no amount.
            SpendingRefused: It may cost more than the operator or the caller allows.
        """
        estimates = [self._estimate(engine, profile, submission) for submission in submissions]
        estimate = max(estimates, key=lambda one: math.inf if one.usd is None else one.usd)
        self._check(estimate, most)
        return estimate

    def _estimate(self, engine: Engine, profile: EngineProfile, submission: Submission) -> Estimate:
        asked = with_defaults(submission, profile.defaults)
        return self._prices.estimate(
            _host(engine),
            asked.model,
            asked.size,
            asked.seconds,
            stated=self._stated.get(engine.name, ()),
            told=profile.prices,
        )

    def may_move(self, job: Job, engine: Engine, other: Engine) -> bool:
        """Whether a replica may have a job in place of its engine: not where it costs more.

        A native remix or extension stays: its source is at its engine.
        """
        here, there = (self._per_second(job, replica) for replica in (engine, other))
        return there <= here and (job.emulated or not job.source_ids)

    def _per_second(self, job: Job, engine: Engine) -> float:
        stated = self._stated.get(engine.name, ())
        price = self._prices.find(_host(engine), job.model, job.size, stated=stated)
        return math.inf if price is None else price.usd_per_second

    def must_confirm(self, estimate: Estimate) -> bool:
        """Whether the operator wants the person to be asked first."""
        above = self._rules.confirm_above
        return above is not None and (estimate.usd is None or estimate.usd > above)

    def prices_of(
        self, engine: Engine, profile: EngineProfile, facts: EngineFacts
    ) -> dict[str, float]:
        """The known prices of an engine's models, USD per second by `model size`."""
        models = [*facts.models, *filter(None, [profile.defaults.model])]
        return self._prices.for_host(
            _host(engine),
            models,
            stated=self._stated.get(engine.name, ()),
            told=profile.prices,
        )

    def _check(self, estimate: Estimate, most: float | None) -> None:
        if most is not None and not 0 <= most < math.inf:
            raise InvalidRequest(f"max_cost_usd is {most}; it must be 0 or more, in USD.")
        if estimate.usd is None:
            if most is not None or self._rules.any_limit:
                why = _NEEDS_SECONDS if estimate.needs_seconds else _NEEDS_PRICE
                raise SpendingRefused(
                    "What this video costs is not known, and a limit on cost is set, so nothing "
                    f"was sent. {why}"
                )
            return
        if self._rules.max_per_call is not None and estimate.usd > self._rules.max_per_call:
            raise SpendingRefused(
                f"This video would cost about {estimate.usd:.2f} USD, above the operator's limit "
                f"of {self._rules.max_per_call:.2f} USD per call (SORA_MCP_MAX_COST_USD). "
                "Nothing was sent. A shorter or smaller video costs less."
            )
        if most is not None and estimate.usd > most:
            raise SpendingRefused(
                f"This video would cost about {estimate.usd:.2f} USD, above the limit of "
                f"{most:.2f} USD set for this call. Nothing was sent. "
                "A shorter or smaller video costs less."
            )


def with_defaults(submission: Submission, defaults: EngineDefaults) -> Submission:
    """A request as its engine will understand it: what it leaves out filled in, where known."""
    given = submission.seconds is not None
    return submission.model_copy(
        update={
            "model": submission.model or defaults.model,
            "size": submission.size or defaults.size,
            "seconds": submission.seconds if given else defaults.seconds,
        }
    )


def _host(engine: Engine) -> str:
    if engine.base_url is None:
        return EMBEDDED
    return urlsplit(engine.base_url).netloc.rpartition("@")[2].lower()
