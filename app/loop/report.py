"""Report: the whole state in one JSON document (docs: the report in the README)."""

import sys
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.stream_state import StreamState, stream_state
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.ladder_quality import relative_quality, split_level
from tierwatch.evaluation.rates.saving import relative_saving
from tierwatch.evaluation.rates.weighted import effective_n
from tierwatch.loop.improve.objective import objective_of, quality_kept
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import evaluation_costs
from tierwatch.store.evidence.labels import has_labels, reviewed_outcomes
from tierwatch.store.evidence.monitors import active_streams
from tierwatch.store.evidence.outcomes import newest_judge_version
from tierwatch.store.policies import active_policies

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


def build_report(connection: Connection, config: Config) -> dict[str, Any]:
    """Return the report of CONTRACT.md; every number is read in the caller's one snapshot.

    ``captured = shadowed + pending + failed + dropped`` always: pending is what was sampled and
    has not ended, wherever it is (buffer, spool, queue or worker).

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
        "failed": row.failed,
        "dropped": int(row.dropped),
        "pending": int(row.captured) - shadowed - row.failed - int(row.dropped),
        "cost_usd": costs.serving_usd,
        "cost_top_tier_usd": top,
        "saving": costs.saving(top),
        "saving_net_of_evaluation": costs.saving_net_of_evaluation(top),
        "costs": asdict(costs) | {"unpriced": list(config.unpriced)},
        "saving_interval": _figures(_saving(connection)),
        "quality_vs_top": _figures(_quality(connection, config, judge)),
        "objective": _objective(connection, config, active, judge),
        "evaluation_cost_usd": costs.evaluation_usd,
        "recorded_quality": _recorded_quality(connection),
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
) -> dict[str, Any] | None:
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


def _cache(connection: Connection, config: Config, judge_version: str) -> dict[str, Any]:
    """The response cache beside the tiers, where it is on or has ever answered."""
    if any(tier.name == CACHE_TIER for tier in config.tiers):
        return {}
    told = _tier(
        connection,
        CACHE_TIER,
        tolerance=config.cache_tolerance,
        judge_version=judge_version,
        min_pairs=config.evaluation.min_pairs,
        model=CACHE_TIER,
    )
    shown = told["requests"] or config.gateway.cache.mode != "off"
    return {CACHE_TIER: told} if shown else {}


def _tier(
    connection: Connection,
    tier: str,
    *,
    tolerance: float | None,
    judge_version: str,
    min_pairs: int,
    model: str,
) -> dict[str, Any]:
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
        "overspend": _figures(_judge_rate(connection, tier, judge_version, direction="down")),
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
        stream_state(
            pairs=row.pairs,
            min_pairs=min_pairs,
            statistic=MisrouteMonitor.from_state(row.state).statistic,
            level=row.state["level"],
            alarmed=row.alarmed,
            highest=row.estimate["high"],
            tolerance=row.state["tolerance"],
        )
        for row in active_streams(connection, tier, model=model, judge_version=judge_version)
    }
    return next((state for state in _STATES if state in states), "NO_DATA")


def misroute_rate(
    connection: Connection, tier: str, judge_version: str, *, level: float = 0.95
) -> Estimate:
    """How often a tier's answers are materially worse than the next tier's.

    With people's labels on some of the pairs, the judge's errors are corrected (double sampling).
    Without, it is the judge's own rate and called so.
    """
    if has_labels(connection, tier, judge_version=judge_version):
        seen = reviewed_outcomes(connection, tier, judge_version=judge_version)
        return estimate_rate(seen.judged, seen.weights, seen.strata, seen.labels, level=level)
    return _judge_rate(connection, tier, judge_version, direction="up", level=level)


def _judge_rate(
    connection: Connection,
    tier: str,
    judge_version: str,
    *,
    direction: str,
    level: float = 0.95,
) -> Estimate:
    """The judge's rate, its interval good for being watched; a conversation counts as one.

    The interval is the time-uniform one of as many equally weighted conversations as these
    weighted ones are worth (`effective_n`).
    """
    rows = connection.execute(
        text(
            "select sum(loss / pi) / sum(1 / pi) as loss, sum(1 / pi) as weight, count(*) as pairs"
            " from outcomes where tier = :tier and direction = :direction"
            " and judge_version = :judge group by session"
        ),
        {"tier": tier, "direction": direction, "judge": judge_version},
    ).all()
    if not rows:
        return unknown()
    weights = [row.weight for row in rows]
    bad = sum(w * row.loss for w, row in zip(weights, rows, strict=True)) / sum(weights)
    n = effective_n(weights)
    low, high = always_valid_interval(min(n, bad * n), n, level)
    value = min(1.0, bad)
    if direction == "down":  # overspend: the cheaper answer would have done
        value, low, high = 1 - value, 1 - high, 1 - low
    method = f"judge rate, {n:.0f} effective conversations, interval may be watched"
    return Estimate(value, low, high, sum(row.pairs for row in rows), method)


def _figures(rate: Estimate) -> dict[str, Any]:
    """An estimate under the report's names; ``estimate`` is None when unknown.

    So is an end of an interval that has none (Fieller's, of a saving that is too uncertain).
    """
    return {
        "estimate": rate.value,
        "low": rate.low if abs(rate.low) < sys.float_info.max else None,
        "high": rate.high,
        "n": rate.n,
        "method": rate.method,
    }


def _alerts(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "select id, kind, segment, tier, opened_at_request, pairs, cause, state, summary,"
            " attribution->>'cause' as attribution, attribution->>'sentence' as why"
            " from alerts order by id"
        )
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public mapping view


def _proposals(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            'select id, kind, tier, task_type, from_threshold as "from", to_threshold as "to",'
            " direction, state, certified, pairs, predicted, candidate_version,"
            " case when evidence ? 'objective' then evidence ->> 'reason' end as objective"
            " from proposals order by id"
        )
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public mapping view
