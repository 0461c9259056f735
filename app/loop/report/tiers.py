"""What the report says of each tier: its traffic, its rates, and the state of its monitors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.errors import EvidenceError, UnreadableEvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.stream_state import StreamState, stream_state
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.loop.compare.tier_rates import TierRates
from tierwatch.loop.report.schema import TierReport, figures
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.served.tier_model import served_variants
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.judgements.monitors import ActiveStream, active_streams
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.sums.hours import TierSums


@dataclass(frozen=True, slots=True)
class Known:
    """What a tier's report is made of, read once for all tiers.

    Attributes:
        rates: by the verdicts of ``judge_version``.
        traffic: all of it, by tier.
        rules: of policies, by which streams are keyed.
        judge_version: whose verdicts.
        min_pairs: that a rate takes.
    """

    rates: TierRates
    traffic: Mapping[str, TierSums]
    rules: OwnRules
    judge_version: str
    min_pairs: int


def tier_reports(
    connection: Connection, config: Config, active: ActivePolicies | None, known: Known
) -> dict[str, TierReport]:
    """Each tier by name, and the response cache where it is on or has ever answered.

    Args:
        connection: any.
        config: names the tiers and their tolerance.
        active: gives the tolerance under an objective; None before there is a policy.
        known: what is known of all tiers.
    """
    variants = {tier.name: tier.variant for tier in config.tiers}
    models = dict(served_variants(variants, {} if active is None else active.stable.models))
    tolerated = {tier: _tolerance(config, tier, active) for tier in variants}
    if _has_cache(config, known):
        models[CACHE_TIER], tolerated[CACHE_TIER] = CACHE_TIER, config.cache_tolerance
    streams = active_streams(
        connection,
        {tier: models[tier] for tier, share in tolerated.items() if share is not None},
        judge_version=known.judge_version,
        rules=known.rules,
    )
    return {
        tier: _tier(tier, known, tolerance=share, model=models[tier], streams=streams.get(tier, ()))
        for tier, share in tolerated.items()
    }


def _tolerance(config: Config, tier: str, active: ActivePolicies | None) -> float | None:
    """What a tier is tolerated under the stable policy; None for the top one."""
    stated = config.evaluation.tolerance.get(tier)
    objective = config.evaluation.objective
    if stated is None or active is None or objective is None:
        return stated
    return active.stable.tolerance(tier, stated, objective.quality)


def _has_cache(config: Config, known: Known) -> bool:
    """Whether the response cache stands beside the tiers: it is on or has ever answered."""
    if any(tier.name == CACHE_TIER for tier in config.tiers):
        return False
    answered = known.traffic.get(CACHE_TIER, TierSums()).requests
    return bool(answered) or config.gateway.cache.mode != "off"


def _tier(
    tier: str,
    known: Known,
    *,
    tolerance: float | None,
    model: str,
    streams: Iterable[ActiveStream],
) -> TierReport:
    traffic = known.traffic.get(tier, TierSums())
    misroute = known.rates.misroute(tier)
    return {
        "model": model,
        "requests": traffic.requests,
        "unfamiliar": traffic.unfamiliar,
        "pairs": traffic.exchanges,
        "misroute": figures(misroute.judged),
        "misroute_corrected": None if misroute.corrected is None else figures(misroute.corrected),
        "misroute_supposed": None if misroute.supposed is None else figures(misroute.supposed),
        "labels": misroute.labels,
        "overspend": figures(known.rates.overspend(tier)),
        "inconclusive": figures(known.rates.inconclusive(tier)),
        "tolerance": tolerance,
        "state": None if tolerance is None else _state(streams, known.min_pairs),
    }


# The worst first.
_STATES: tuple[StreamState, ...] = ("ALERT", "WARNING", "INCONCLUSIVE", "OK", "NO_DATA")


def _state(streams: Iterable[ActiveStream], min_pairs: int) -> StreamState:
    """What may be said of a tier: the worst of its streams of now."""
    states = {_state_of_stream(row, min_pairs) for row in streams}
    return next((state for state in _STATES if state in states), "NO_DATA")


def _state_of_stream(stream: ActiveStream, min_pairs: int) -> StreamState:
    """What may be said of a stream; broken or newer figures show nothing, which is not OK."""
    try:
        monitor = MisrouteMonitor.from_state(stream.state)
        highest = StreamFigures.from_json(stream.estimate).high
    except (EvidenceError, UnreadableEvidenceError):
        monitor, highest = MisrouteMonitor(tolerance=0.5), 1.0
    return stream_state(
        pairs=stream.pairs,
        min_pairs=min_pairs,
        statistic=monitor.statistic,
        level=monitor.level,
        alarmed=stream.alarmed,
        highest=highest,
        tolerance=monitor.tolerance,
    )
