"""Bursts: sample a suspicious stream more densely, for as long as the suspicion and money last.

Reads what the monitors know and writes a row a segment, which the gateways ask for with the day's
budget. Each check prolongs a burst by a quarter of an hour: without checks it ends by itself.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError, EvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.budget import left_for_bursts
from tierwatch.evaluation.sampling.burst import EVERY_TYPE, affordable_density, is_suspicious
from tierwatch.store.audit import add_audit
from tierwatch.store.costs import spent_today
from tierwatch.store.judgements.bursts import (
    FedStream,
    PlainCost,
    SampledBurst,
    all_bursts,
    costs_since,
    end_burst,
    fed_since,
    first_arrival,
    put_burst,
    put_request,
)
from tierwatch.store.locks import take_lock, try_lock
from tierwatch.store.step_runs import mark_run

# Any number that no other program uses for an advisory lock on this database.
_LOCK: Final = 7_431_211
# How long a burst goes on without a check: gateways and workers restart within that.
_PROLONGED: Final = dt.timedelta(minutes=15)
# A stream without a pair for so long is another's by now (a policy, a model, a judge has changed)
# or has no traffic. It begins again with its next pair, where the suspicion is still there.
_SILENT: Final = dt.timedelta(hours=6)
# What the plan costs is measured over the last day, or over as much of it as there is; the first
# hour is no measure of a day.
_MEASURED: Final = dt.timedelta(days=1)
_LEAST_MEASURED: Final = dt.timedelta(hours=1)

Segment = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BurstRules:
    """What the configuration asks of bursts.

    Attributes:
        density: how many times as densely to sample; 1 is never more than planned.
        budget_usd_per_day: of the evaluation; None for no limit.
    """

    density: float
    budget_usd_per_day: float | None


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How much speaks against a segment: the statistic of its monitor, and where that alarms."""

    statistic: float
    level: float


def steer_bursts(*, engine: Engine, rules: BurstRules, now: dt.datetime) -> int:
    """Begin, prolong and end bursts by what the monitors know; how many there are then.

    Args:
        engine: Postgres.
        rules: what is asked.
        now: the time.
    """
    with engine.begin() as connection:
        if not try_lock(connection, _LOCK):
            return 0
        rows = [row for row in all_bursts(connection) if row.ended_at is None]
        before = {(row.tier, row.task_type): row for row in rows}
        streams = fed_since(connection, now - _SILENT)
        found = suspicions(streams, bursting=before) if rules.density > 1 else {}
        if rules.density > 1:
            # By hand: nothing is suspected, and it goes on for as long as was asked.
            asked = {
                segment: Suspicion(0.0, row.level)
                for segment, row in before.items()
                if row.is_asked(now)
            }
            found = asked | found
        for segment in before.keys() - found.keys():
            why = _why_over(before[segment], streams, rules)
            end_burst(connection, segment, why=why)
            _write_down(connection, "burst.ended", segment, why=why)
        density = _density(connection, found, rules, now) if found else 1.0
        for segment, suspicion in found.items():
            row = put_burst(
                connection,
                segment,
                density=density,
                asked=rules.density,
                statistic=suspicion.statistic,
                level=suspicion.level,
                until=now + _PROLONGED,
            )
            _write_down_change(connection, row, before.get(segment))
        mark_run(connection, "bursts")
    return len(found)


def ask_burst(
    connection: Connection,
    segment: Segment,
    *,
    rules: BurstRules,
    until: dt.datetime,
    now: dt.datetime,
    actor: str,
    why: str,
) -> SampledBurst:
    """Sample a segment more densely until a moment because a person asks, as the budget allows.

    Args:
        connection: in a transaction.
        segment: a tier with a task type, or with ``*`` for all of them.
        rules: what the configuration asks of bursts.
        until: when it ends by itself.
        now: the time.
        actor: who asks.
        why: for the audit.

    Raises:
        ConflictError: nothing may be sampled more densely than planned.
    """
    if rules.density <= 1:
        raise ConflictError(
            "nothing can be sampled more densely: evaluation.burst is 1, or all of it is sampled"
            " already"
        )
    # The lock of whoever steers: it would end what it does not yet know of.
    take_lock(connection, _LOCK)
    density = _density(connection, {segment: Suspicion(0.0, 1.0)}, rules, now)
    row = put_burst(
        connection,
        segment,
        density=density,
        asked=rules.density,
        statistic=0.0,
        level=1.0,
        until=min(until, now + _PROLONGED),
    )
    put_request(connection, segment, until=until, actor=actor)
    add_audit(
        connection,
        actor=actor,
        action="burst.asked",
        subject=f"segment/{segment[0]}/{segment[1]}",
        why=why,
        density=round(density, 2),
        until=until.isoformat(),
    )
    return row


def suspicions(
    streams: Sequence[FedStream], *, bursting: Collection[Segment]
) -> dict[Segment, Suspicion]:
    """Segments to sample more densely, each with the stream that speaks most against it.

    A stream whose alert is open needs no more pairs; one that cannot be read is begun anew with
    its next pair.

    Args:
        streams: that took in a pair of late.
        bursting: segments that are sampled more densely already.
    """
    found: dict[Segment, Suspicion] = {}
    for stream in streams:
        segment = (stream.tier, stream.task_type)
        known = None if stream.alarmed else _suspicion(stream)
        if known is None or not is_suspicious(
            known.statistic, known.level, bursting=segment in bursting
        ):
            continue
        if segment not in found or found[segment].statistic < known.statistic:
            found[segment] = known
    return found


def _suspicion(stream: FedStream) -> Suspicion | None:
    try:
        monitor = MisrouteMonitor.from_state(stream.state)
    except EvidenceError:
        return None
    return Suspicion(monitor.statistic, monitor.level)


def _density(
    connection: Connection, segments: Collection[Segment], rules: BurstRules, now: dt.datetime
) -> float:
    """The multiple for all of them: as much as is asked, or as the day's money allows."""
    budget = rules.budget_usd_per_day
    if budget is None:
        return rules.density
    since = now - _MEASURED
    costs = costs_since(connection, since)
    began = max(since, first_arrival(connection, since) or since)
    share = _rest_of_day(now) / max(now - began, _LEAST_MEASURED)
    left = left_for_bursts(
        spent_today(connection),
        budget,
        plain_usd=share * sum(cost.plain_usd for cost in costs.values()),
    )
    plain = share * plain_usd_of(segments, costs)
    return affordable_density(rules.density, left_usd=left, plain_usd=plain)


def plain_usd_of(segments: Collection[Segment], costs: Mapping[Segment, PlainCost]) -> float:
    """What segments cost when sampled as planned; a tier's types count once.

    >>> costs = {("simple", "sql"): PlainCost(9, 1), ("simple", "chat"): PlainCost(2, 2)}
    >>> plain_usd_of([("simple", "sql")], costs), plain_usd_of([("simple", "*")], costs)
    (1, 3)
    >>> plain_usd_of([("simple", "sql"), ("simple", "*")], costs)
    3
    """
    return sum(
        cost.plain_usd
        for segment, cost in costs.items()
        if segment in segments or (segment[0], EVERY_TYPE) in segments
    )


def _rest_of_day(now: dt.datetime) -> dt.timedelta:
    """How long it is to midnight UTC, when the budget begins anew."""
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + dt.timedelta(days=1) - now


def _write_down_change(
    connection: Connection, now_is: SampledBurst, before: SampledBurst | None
) -> None:
    """An audit line where a burst begins, is held back by the budget, or is so no longer."""
    if before is not None and before.starved == now_is.starved:
        return
    _write_down(
        connection,
        "burst.began" if before is None else "burst.changed",
        (now_is.tier, now_is.task_type),
        density=round(now_is.density, 2),
        asked=now_is.asked,
        statistic=now_is.statistic,
        level=now_is.level,
    )


def _why_over(row: SampledBurst, streams: Sequence[FedStream], rules: BurstRules) -> str:
    segment = (row.tier, row.task_type)
    if rules.density <= 1:
        return "nothing is to be sampled more densely"
    if row.asked_until is not None:
        return f"the time is over for which {row.asked_by} asked"
    mine = [stream for stream in streams if (stream.tier, stream.task_type) == segment]
    if not mine:
        return f"no pair came for {_SILENT.seconds // 3600} hours"
    if any(stream.alarmed for stream in mine):
        return "its alert is open"
    return "the suspicion is over"


def _write_down(connection: Connection, action: str, segment: Segment, **detail: object) -> None:
    subject = f"segment/{segment[0]}/{segment[1]}"
    add_audit(connection, actor="tierwatch", action=action, subject=subject, **detail)
