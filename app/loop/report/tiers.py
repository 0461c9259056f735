"""What the report says of each tier: its traffic, its rates, and the state of its monitors."""

from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.errors import EvidenceError, UnreadableEvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.stream_state import StreamState, stream_state
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.loop.compare.tier_rates import (
    inconclusive_rate,
    judge_rate,
    misroute_rate,
)
from tierwatch.loop.report.schema import TierReport, figures
from tierwatch.routing.policy import UNFAMILIAR, ActivePolicies
from tierwatch.routing.served.tier_model import served_variants
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.judgements.monitors import ActiveStream, active_streams


def tier_reports(
    connection: Connection, config: Config, active: ActivePolicies | None, judge_version: str
) -> dict[str, TierReport]:
    """Each tier by name, and the response cache where it is on or has ever answered.

    Args:
        connection: any.
        config: names the tiers and their tolerance.
        active: gives the tolerance under an objective; None before there is a policy.
        judge_version: whose verdicts.
    """
    variants = {tier.name: tier.variant for tier in config.tiers}
    served = served_variants(variants, {} if active is None else active.stable.models)
    tiers = {
        tier.name: _tier(
            connection,
            tier.name,
            tolerance=_tolerance(config, tier.name, active),
            judge_version=judge_version,
            min_pairs=config.evaluation.min_pairs,
            model=served[tier.name],
        )
        for tier in config.tiers
    }
    return tiers | _cache(connection, config, judge_version)


def _tolerance(config: Config, tier: str, active: ActivePolicies | None) -> float | None:
    """What a tier is tolerated under the stable policy; None for the top one."""
    stated = config.evaluation.tolerance.get(tier)
    objective = config.evaluation.objective
    if stated is None or active is None or objective is None:
        return stated
    return active.stable.tolerance(tier, stated, objective.quality)


def _cache(connection: Connection, config: Config, judge_version: str) -> dict[str, TierReport]:
    """The response cache beside the tiers, where it is on or has ever answered."""
    if any(tier.name == CACHE_TIER for tier in config.tiers):
        return {}
    cache = _tier(
        connection,
        CACHE_TIER,
        tolerance=config.cache_tolerance,
        judge_version=judge_version,
        min_pairs=config.evaluation.min_pairs,
        model=CACHE_TIER,
    )
    shown = cache["requests"] or config.gateway.cache.mode != "off"
    return {CACHE_TIER: cache} if shown else {}


def _tier(
    connection: Connection,
    tier: str,
    *,
    tolerance: float | None,
    judge_version: str,
    min_pairs: int,
    model: str,
) -> TierReport:
    requests, unfamiliar = connection.execute(
        text(
            "select coalesce(sum(requests), 0), coalesce(sum(requests)"
            " filter (where task_type = :unfamiliar), 0) from rollups where tier = :tier"
        ),
        {"tier": tier, "unfamiliar": UNFAMILIAR},
    ).one()
    pairs = connection.execute(
        text("select count(*) from exchanges where tier = :tier and direction <> 'top'"),
        {"tier": tier},
    ).scalar_one()
    misroute = misroute_rate(connection, tier, judge_version)
    return {
        "model": model,
        "requests": int(requests),
        "unfamiliar": int(unfamiliar),
        "pairs": pairs,
        "misroute": figures(misroute.judged),
        "misroute_corrected": None if misroute.corrected is None else figures(misroute.corrected),
        "misroute_supposed": None if misroute.supposed is None else figures(misroute.supposed),
        "labels": misroute.labels,
        "overspend": figures(judge_rate(connection, tier, judge_version, direction="down")),
        "inconclusive": figures(inconclusive_rate(connection, tier, judge_version)),
        "tolerance": tolerance,
        "state": None
        if tolerance is None
        else _state(connection, tier, model, judge_version, min_pairs),
    }


# The worst first.
_STATES: tuple[StreamState, ...] = ("ALERT", "WARNING", "INCONCLUSIVE", "OK", "NO_DATA")


def _state(
    connection: Connection, tier: str, model: str, judge_version: str, min_pairs: int
) -> StreamState:
    """What may be said of a tier: the worst of its streams of now."""
    states = {
        _state_of_stream(row, min_pairs)
        for row in active_streams(connection, tier, model=model, judge_version=judge_version)
    }
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
