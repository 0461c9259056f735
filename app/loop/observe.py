"""Observe: feed new outcomes to their segments' monitors, exactly once, and open alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, text

from app.evaluation.estimation import Estimate, unknown, weighted_rate
from app.evaluation.monitoring import MisrouteMonitor
from app.loop.alert import open_alert
from app.loop.approve import withdraw_loosening
from app.store.evidence import (
    load_monitor,
    put_monitor,
    set_positions,
    spent_today,
    stream_outcomes,
    take_unobserved,
)

# One observer at a time keeps the order of outcomes the order of the monitors.
_OBSERVER_LOCK = 7_431_202
_BATCH = 2_000
_WORST = 10
_ROUNDING = 1 + 1e-9

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MonitorRules:
    """What the monitors promise.

    Attributes:
        tolerance: misroute rate that must not be exceeded, by tier; other tiers are not watched.
        level: evidence at which to alarm.
        max_weight: declared cap on weights, from the sampling plan.
        min_pairs: below this many pairs a stream says NO_DATA and does not alarm.
        budget_usd_per_day: of the evaluation; None for no limit.
    """

    tolerance: Mapping[str, float]
    level: float
    max_weight: float
    min_pairs: int
    budget_usd_per_day: float | None = None


def observe(*, engine: Engine, rules: MonitorRules) -> int:
    """Take every outcome not yet seen into its monitor, in order of arrival.

    State, positions and alerts are written in one transaction with the marks on the outcomes, so
    an outcome counts once whatever is redelivered.

    Returns:
        How many outcomes were taken.
    """
    taken = 0
    while True:
        with engine.begin() as connection:
            if not _alone(connection):
                return taken
            batch = take_unobserved(connection, limit=_BATCH)
            _take(connection, batch, rules)
            _watch_budget(connection, rules)
        taken += len(batch)
        if len(batch) < _BATCH:
            return taken


def _alone(connection: Connection) -> bool:
    query = text("select pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(query, {"key": _OBSERVER_LOCK}).scalar())


def _take(connection: Connection, batch: Sequence[Any], rules: MonitorRules) -> None:
    """Update the monitors of one batch of outcomes."""
    if not batch:
        return
    set_positions(connection, [row.id for row in batch])
    streams: dict[str, list[Any]] = {}
    for row in batch:
        if row.direction == "up" and row.tier in rules.tolerance:
            streams.setdefault(row.stream, []).append(row)
    for stream, rows in streams.items():
        _update_stream(connection, stream, rows, rules)


def _update_stream(
    connection: Connection, stream: str, rows: Sequence[Any], rules: MonitorRules
) -> None:
    first = rows[0]
    kept = load_monitor(connection, stream)
    if kept is not None and not _same_promise(kept.state, rules, first.tier):
        kept = None  # other sampling or tolerance: what was gathered speaks of another promise
    monitor = (
        MisrouteMonitor(rules.tolerance[first.tier], rules.level, rules.max_weight)
        if kept is None
        else MisrouteMonitor.from_state(kept.state)
    )
    alarmed = False if kept is None else kept.alarmed
    newest = 0 if kept is None else kept.newest_request_no
    losses = 0.0 if kept is None else kept.losses
    tripped = False
    for row in rows:
        if row.weight > rules.max_weight * _ROUNDING:
            # Sampled under an earlier plan, judged under this one: it must not stop the others,
            # and a weight is never clipped.
            _log.warning("outcome left out: weight above the cap", outcome=row.id, stream=stream)
            continue
        crossing = monitor.update(row.loss, row.weight)
        if not tripped:
            newest = max(newest, row.request_no)
        losses += row.loss
        tripped = tripped or (crossing and not alarmed and monitor.n >= rules.min_pairs)
    put_monitor(
        connection,
        stream=stream,
        tier=first.tier,
        task_type=first.task_type,
        policy_version=first.policy_version,
        judge_version=first.judge_version,
        state=monitor.state(),
        pairs=monitor.n,
        losses=losses,
        newest_request_no=max(newest, *(row.request_no for row in rows)),
        alarmed=alarmed or tripped,
    )
    if tripped:
        _open_misroute_alert(connection, stream, first, monitor, newest)


def _same_promise(state: Mapping[str, Any], rules: MonitorRules, tier: str) -> bool:
    promised = (state["tolerance"], state["level"], state["max_weight"])
    return promised == (rules.tolerance[tier], rules.level, rules.max_weight)


def _open_misroute_alert(
    connection: Connection, stream: str, first: Any, monitor: MisrouteMonitor, newest: int
) -> None:
    seen = stream_outcomes(connection, stream)
    # A monitor restarted by a resolved alert counts from there: its pairs are the last n.
    pairs = seen[len(seen) - monitor.n :]
    excursion = pairs[monitor.since :] or pairs
    worst = sorted(
        (row for row in excursion if row.loss > 0),
        key=lambda row: (row.basis == "swap_disagreement", -row.confidence),
    )[:_WORST]
    estimate = rate_of(excursion)
    tolerance = monitor.tolerance
    alert_id = open_alert(
        connection,
        kind="misroute",
        cause=f"misroute:{first.tier}:{first.task_type}",
        tier=first.tier,
        segment=f"{first.tier}/{first.task_type}",
        summary=(
            f"Answers of tier {first.tier} are materially worse than the next tier's in"
            f" {percent(estimate.value)} of {len(excursion)} pairs"
            f" ({percent(estimate.low)} to {percent(estimate.high)});"
            f" tolerated are {percent(tolerance)}."
        ),
        pairs=monitor.n,
        opened_at_request=newest,
        evidence={
            "estimate": asdict(estimate),
            "whole_stream": asdict(rate_of(pairs)),
            "tolerance": tolerance,
            "statistic": monitor.statistic,
            "level": monitor.level,
            "stream": stream,
            "policy_version": first.policy_version,
            "judge_version": first.judge_version,
            "first_outcome": excursion[0].id,
            "first_pair": str(excursion[0].exchange_id),
            "first_request": excursion[0].request_no,
            "last_pair": str(excursion[-1].exchange_id),
            "last_request": excursion[-1].request_no,
            "worst": [
                {
                    "pair": str(row.exchange_id),
                    "confidence": row.confidence,
                    "request": row.request_no,
                }
                for row in worst
            ],
        },
    )
    if alert_id is not None:
        why = f"alert {alert_id} was opened on this tier after its evidence"
        withdraw_loosening(connection, first.tier, why=why)


def _watch_budget(connection: Connection, rules: MonitorRules) -> None:
    """Say it when the day's evaluation budget is spent and sampling has stopped."""
    if rules.budget_usd_per_day is None:
        return
    spent = spent_today(connection)
    if spent < rules.budget_usd_per_day:
        return
    day = connection.execute(text("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD')"))
    open_alert(
        connection,
        kind="budget",
        cause=f"budget:{day.scalar_one()}",
        tier="",
        segment="all",
        summary=(
            f"Today's evaluation budget of {rules.budget_usd_per_day:.2f} USD is spent"
            f" ({spent:.2f} USD); no further exchanges are sampled before midnight UTC."
        ),
        pairs=0,
        opened_at_request=0,
        evidence={"spent_usd": spent, "budget_usd": rules.budget_usd_per_day},
    )


def rate_of(pairs: Sequence[Any]) -> Estimate:
    """Weighted misroute rate of rows with ``loss`` and ``weight``; *unknown* without pairs."""
    if not pairs:
        return unknown()
    return weighted_rate([row.loss for row in pairs], [row.weight for row in pairs])


def percent(share: float | None) -> str:
    """A share as people read it.

    >>> percent(0.0734), percent(None)
    ('7.3 %', 'an unknown share')
    """
    return "an unknown share" if share is None else f"{100 * share:.1f} %"
