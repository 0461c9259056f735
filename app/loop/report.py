"""Report: the whole state in one JSON document, whose schema is the classes here.

What `tierwatch demo --report` writes, ``GET /api/v1/report`` returns and the overview page shows.
"""

import sys
from typing import TypedDict, cast

from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.errors import EvidenceError, UnreadableEvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.stream_state import StreamState, stream_state
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.ladder_quality import relative_quality, split_level
from tierwatch.evaluation.rates.saving import relative_saving
from tierwatch.loop.compare.tier_rates import judge_rate, misroute_rate
from tierwatch.loop.compare.unscored import UnscoredReport, unscored_reports
from tierwatch.loop.improve.objective import objective_of, quality_kept
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import evaluation_costs
from tierwatch.store.documents import Json
from tierwatch.store.judgements.monitors import ActiveStream, active_streams
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.policies import active_policies
from tierwatch.store.traffic.outside_counts import OutsideFigures, outside


class Rate(TypedDict):
    """An estimate.

    Attributes:
        estimate: None when unknown.
        low: of the interval; None where it has no lower end.
        high: of the interval.
        n: pairs or minutes it rests on.
        method: how it was made.
    """

    estimate: float | None
    low: float | None
    high: float
    n: int
    method: str


class CostParts(TypedDict):
    """What was paid, by what for; ``unpriced`` models count as free since no price is known."""

    serving_usd: float
    classifier_usd: float
    shadow_usd: float
    judge_usd: float
    checks_usd: float
    unpriced: list[str]


class TierReport(TypedDict):
    """A tier, or the response cache.

    Attributes:
        requests: it served.
        pairs: exchanges of it that were sampled.
        misroute: how often its answers are materially worse than the next tier's.
        overspend: how often the cheaper tier's answer would have done.
        tolerance: misroute rate that must not be exceeded; None for the top tier.
        state: what may be said of it; None without a tolerance.
    """

    requests: int
    pairs: int
    misroute: Rate
    overspend: Rate
    tolerance: float | None
    state: StreamState | None


class ObjectiveReport(TypedDict):
    """The share of the quality of tier ``top`` that is to be kept, and what the policy keeps."""

    quality: float
    top: str
    kept: Rate


class AlertReport(TypedDict):
    """An alert; ``attribution`` and ``why`` are None until it is known what it comes from."""

    id: int
    kind: str
    segment: str
    tier: str
    opened_at_request: int
    pairs: int
    cause: str
    state: str
    summary: str
    attribution: str | None
    why: str | None


# A function's syntax, because `from` is a word of Python's own. ``objective`` is what the proposal
# does to the quality kept, in a sentence; None without an objective.
ProposalReport = TypedDict(
    "ProposalReport",
    {
        "id": int,
        "kind": str,
        "tier": str,
        "task_type": str,
        "from": float,
        "to": float,
        "direction": str,
        "state": str,
        "certified": bool,
        "pairs": int,
        "predicted": Json,
        "candidate_version": int | None,
        "objective": str | None,
    },
)


class Report(TypedDict):
    """Everything, at one moment.

    Attributes:
        requests: all that the gateway served.
        captured: chosen for evaluation: shadowed + pending + failed + dropped at every moment.
        shadowed: have a shadow answer and a final word of the judge: judged + unscored.
        judged: have a verdict.
        unscored: have none that can be read.
        unscored_tasks: task types of which more than 2 % are, of ``evaluation.min_pairs`` or more.
        failed: ended without a verdict.
        dropped: chosen, and then no buffer or file had room.
        pending: chosen and not ended, wherever they are (buffer, spool, queue or worker).
        cost_usd: of serving, without the classifier.
        cost_top_tier_usd: what the top tier's price would have been for the same tokens.
        saving: 1 - cost_usd / cost_top_tier_usd; None before there are costs.
        saving_net_of_evaluation: the same with all costs; below 0 when watching costs more than
            routing saves.
        costs: by what for.
        saving_interval: the saving with its interval.
        quality_vs_top: share of requests answered no worse than by the top tier, at least.
        objective: None without one.
        evaluation_cost_usd: shadow answers, judging, anchors and probes.
        recorded_quality: mean grade of the answers served, in replays only.
        outside: the traffic that no rate speaks of, by reason.
        tiers: by name, the response cache as ``cache``.
        alerts: oldest first.
        proposals: oldest first.
        policy_version: active for sessions outside a rollout; None before there is one.
        thresholds: of that policy, by tier.
        model_version: of that policy; 0 is the configured classifier.
    """

    requests: int
    captured: int
    shadowed: int
    judged: int
    unscored: int
    unscored_tasks: list[UnscoredReport]
    failed: int
    dropped: int
    pending: int
    cost_usd: float
    cost_top_tier_usd: float
    saving: float | None
    saving_net_of_evaluation: float | None
    costs: CostParts
    saving_interval: Rate
    quality_vs_top: Rate
    objective: ObjectiveReport | None
    evaluation_cost_usd: float
    recorded_quality: float | None
    outside: OutsideFigures
    tiers: dict[str, TierReport]
    alerts: list[AlertReport]
    proposals: list[ProposalReport]
    policy_version: int | None
    thresholds: dict[str, float]
    model_version: int | None


_FUNNEL = """
select
  (select coalesce(sum(requests), 0) from rollups) as requests,
  (select coalesce(sum(sampled), 0) from rollups) as captured,
  (select coalesce(sum(dropped), 0) from rollups) as dropped,
  (select coalesce(sum(cost_usd), 0) from rollups) as cost_usd,
  (select coalesce(sum(cost_top_tier_usd), 0) from rollups) as cost_top_tier_usd,
  (select coalesce(sum(classifier_cost_usd), 0) from rollups) as classifier_cost_usd,
  (select count(distinct v.exchange_id) from verdicts v where v.preferred is not null) as judged,
  (select count(distinct v.exchange_id) from verdicts v where v.preferred is null
     and not exists (select 1 from verdicts s
                     where s.exchange_id = v.exchange_id and s.preferred is not null)) as unscored,
  (select count(*) from failures f
     where not exists (select 1 from verdicts v where v.exchange_id = f.exchange_id)) as failed
"""


def build_report(connection: Connection, config: Config) -> Report:
    """Return the report; every number is read in the caller's one snapshot.

    Args:
        connection: in a repeatable-read transaction for figures of one moment.
        config: names the tiers and their tolerance.
    """
    row = connection.execute(text(_FUNNEL)).one()
    shadowed = row.judged + row.unscored
    active = active_policies(connection)
    judge = newest_judge_version(connection) or ""
    evaluation = config.evaluation
    top = float(row.cost_top_tier_usd)
    spent = evaluation_costs(connection)
    costs = Costs(
        serving_usd=float(row.cost_usd),
        classifier_usd=float(row.classifier_cost_usd),
        shadow_usd=spent.shadow_usd,
        judge_usd=spent.judge_usd,
        checks_usd=spent.checks_usd,
    )
    return {
        "requests": int(row.requests),
        "captured": int(row.captured),
        "shadowed": shadowed,
        "judged": row.judged,
        "unscored": row.unscored,
        "unscored_tasks": unscored_reports(connection, judge, min_pairs=evaluation.min_pairs),
        "failed": row.failed,
        "dropped": int(row.dropped),
        "pending": int(row.captured) - shadowed - row.failed - int(row.dropped),
        "cost_usd": costs.serving_usd,
        "cost_top_tier_usd": top,
        "saving": costs.saving(top),
        "saving_net_of_evaluation": costs.saving_net_of_evaluation(top),
        "costs": {
            "serving_usd": costs.serving_usd,
            "classifier_usd": costs.classifier_usd,
            "shadow_usd": costs.shadow_usd,
            "judge_usd": costs.judge_usd,
            "checks_usd": costs.checks_usd,
            "unpriced": list(config.unpriced),
        },
        "saving_interval": _figures(_saving(connection)),
        "quality_vs_top": _figures(_quality(connection, config, judge)),
        "objective": _objective(connection, config, active, judge),
        "evaluation_cost_usd": costs.evaluation_usd,
        "recorded_quality": _recorded_quality(connection),
        "outside": outside(connection).figures,
        "tiers": {
            tier.name: _tier(
                connection,
                tier.name,
                tolerance=_tolerance(config, tier.name, active),
                judge_version=judge,
                min_pairs=evaluation.min_pairs,
                model=tier.model,
            )
            for tier in config.tiers
        }
        | _cache(connection, config, judge),
        "alerts": _alerts(connection),
        "proposals": _proposals(connection),
        "policy_version": None if active is None else active.stable.version,
        "thresholds": {} if active is None else dict(active.stable.thresholds),
        "model_version": None if active is None else active.stable.classifier,
    }


def _objective(
    connection: Connection, config: Config, active: ActivePolicies | None, judge_version: str
) -> ObjectiveReport | None:
    """What is to be kept of the top tier's quality, and what is; None without an objective."""
    objective = objective_of(config)
    if objective is None:
        return None
    kept = (
        unknown()
        if active is None
        else quality_kept(connection, objective, active.stable, judge_version=judge_version)
    )
    return {"quality": objective.quality, "top": objective.top, "kept": _figures(kept)}


def _tolerance(config: Config, tier: str, active: ActivePolicies | None) -> float | None:
    """What a tier is tolerated under the stable policy; None for the top one."""
    stated = config.evaluation.tolerance.get(tier)
    objective = config.evaluation.objective
    if stated is None or active is None or objective is None:
        return stated
    return active.stable.tolerance(tier, stated, objective.quality)


def _recorded_quality(connection: Connection) -> float | None:
    row = connection.execute(
        text("select sum(score_sum) as total, sum(scored) as n from replays")
    ).one()
    return float(row.total) / float(row.n) if row.n else None


def _saving(connection: Connection) -> Estimate:
    """Saving relative to the top tier alone, the traffic cut by hours once a day has passed."""
    rows = connection.execute(
        text(
            "select sum(cost_usd) as cost, sum(cost_top_tier_usd) as top from rollups"
            " group by date_trunc(case when (select max(minute) - min(minute) from rollups)"
            " > interval '1 day' then 'hour' else 'minute' end, minute)"
        )
    ).all()
    return relative_saving([row.cost for row in rows], [row.top for row in rows])


def _quality(connection: Connection, config: Config, judge_version: str) -> Estimate:
    """Share of requests answered no worse than by the top tier, at least."""
    served = {
        row.tier: row.requests
        for row in connection.execute(
            text("select tier, sum(requests)::bigint as requests from rollups group by tier")
        )
    }
    ladder = [tier.name for tier in config.tiers]
    if CACHE_TIER in served and CACHE_TIER not in ladder:
        # As if every cached answer had been the cheapest tier's: at least this good.
        ladder.insert(0, CACHE_TIER)
    level = split_level(0.95, len(ladder) - 1)
    rates = [misroute_rate(connection, tier, judge_version, level=level) for tier in ladder[:-1]]
    requests = [float(served.get(tier, 0)) for tier in ladder]
    return relative_quality(requests, rates)


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
    requests = connection.execute(
        text("select coalesce(sum(requests), 0) from rollups where tier = :tier"), {"tier": tier}
    ).scalar_one()
    pairs = connection.execute(
        text("select count(*) from exchanges where tier = :tier"), {"tier": tier}
    ).scalar_one()
    return {
        "requests": int(requests),
        "pairs": pairs,
        "misroute": _figures(misroute_rate(connection, tier, judge_version)),
        "overspend": _figures(judge_rate(connection, tier, judge_version, direction="down")),
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


def _figures(rate: Estimate) -> Rate:
    """An estimate under the report's names.

    An interval without a lower end is Fieller's, of a saving that is too uncertain.
    """
    return {
        "estimate": rate.value,
        "low": rate.low if abs(rate.low) < sys.float_info.max else None,
        "high": rate.high,
        "n": rate.n,
        "method": rate.method,
    }


def _alerts(connection: Connection) -> list[AlertReport]:
    found = connection.execute(
        text(
            "select id, kind, segment, tier, opened_at_request, pairs, cause, state, summary,"
            " attribution->>'cause' as attribution, attribution->>'sentence' as why"
            " from alerts order by id"
        )
    )
    # Columns are named as the keys are; a test compares them.
    return cast("list[AlertReport]", [dict(row) for row in found.mappings()])


def _proposals(connection: Connection) -> list[ProposalReport]:
    found = connection.execute(
        text(
            'select id, kind, tier, task_type, from_threshold as "from", to_threshold as "to",'
            " direction, state, certified, pairs, predicted, candidate_version,"
            " case when evidence ? 'objective' then evidence ->> 'reason' end as objective"
            " from proposals order by id"
        )
    )
    return cast("list[ProposalReport]", [dict(row) for row in found.mappings()])
