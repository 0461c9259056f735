"""Observe: feed new outcomes to their segments' monitors, exactly once, and open alerts.

The pairs of one conversation are one observation. It feeds the stream of its segment and, where
there are task types, the stream of the whole tier; then each outcome counts in two monitors, and
both alarm at twice the level, so that the budget of false alarms counts updates and not segments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.rates.confidence_sequence import always_valid
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.sampling.outcome import conversation_outcome
from tierwatch.loop.decide.approve import withdraw_loosening
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.relative import raised_against_past
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import spent_today
from tierwatch.store.evidence.monitors import load_monitor, put_monitor
from tierwatch.store.evidence.outcomes import (
    set_positions,
    stream_outcomes,
    streams_pooled_in,
    take_unobserved,
)
from tierwatch.store.locks import try_lock
from tierwatch.store.policies import load_policy

# One observer at a time keeps the order of outcomes the order of the monitors.
_OBSERVER_LOCK = 7_431_202
# Conversations a transaction takes in.
_BATCH = 2_000
_WORST = 10
# Figures for the reader are made anew when a stream has grown by this share, not with each pair:
# they read the whole stream, and so cost 50 times its length over its life.
_REFRESH = 1.02
NO_TYPE = "all"
EVERY_TYPE = "*"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MonitorRules:
    """What the monitors promise.

    Attributes:
        tolerance: misroute rate that must not be exceeded, by tier; other tiers are not watched.
        quality: share of the top tier's quality that is to be kept, or None without an objective.
            With one, a tier that serves little may misroute more than 1 - quality: it is tolerated
            what its policy promised for this quality, and an alarm says that it is more than was
            approved.
        level: evidence at which to alarm.
        max_weight: declared cap on weights, from the sampling plan.
        min_pairs: below this many pairs a stream says NO_DATA and does not alarm.
        budget_usd_per_day: of the evaluation; None for no limit.
        conversation_idle_s: silence after which a conversation is over and counts.
    """

    tolerance: Mapping[str, float]
    level: float
    max_weight: float
    min_pairs: int
    budget_usd_per_day: float | None = None
    conversation_idle_s: float = 600.0
    quality: float | None = None


def observe(*, engine: Engine, rules: MonitorRules) -> int:
    """Take every outcome not yet seen into its monitors, in order of arrival.

    State, positions and alerts are written in one transaction with the marks on the outcomes, so
    an outcome counts once whatever is redelivered.

    Returns:
        How many outcomes were taken.
    """
    taken = 0
    while True:
        with engine.begin() as connection:
            if not try_lock(connection, _OBSERVER_LOCK):
                return taken
            batch = take_unobserved(connection, idle_s=rules.conversation_idle_s, limit=_BATCH)
            _take(connection, batch, rules)
            _watch_budget(connection, rules)
        taken += len(batch)
        if not batch:
            return taken


def _take(connection: Connection, batch: Sequence[Any], rules: MonitorRules) -> None:
    """Update the monitors of one batch of outcomes."""
    conversations: dict[tuple[str, str, str], list[Any]] = {}
    for row in batch:
        key = (row.session, row.direction, pooled_stream(row.stream, row.task_type))
        conversations.setdefault(key, []).append(row)
    if not conversations:
        return
    set_positions(connection, [[row.id for row in rows] for rows in conversations.values()])
    streams: dict[str, list[list[Any]]] = {}
    for (_, direction, pooled), rows in conversations.items():
        if direction == "up" and rows[0].tier in rules.tolerance:
            for stream, of_stream in _fed_streams(rows, pooled):
                streams.setdefault(stream, []).append(of_stream)
    for stream, observations in streams.items():
        _update_stream(connection, stream, observations, rules)


def pooled_stream(stream: str, task_type: str) -> str:
    """The stream of all task types that a segment's stream belongs to; itself without types.

    >>> pooled_stream("simple|sql|p3|small-1|judge", "sql")
    'simple|*|p3|small-1|judge'
    >>> pooled_stream("simple|all|p3|small-1|judge", "all")
    'simple|all|p3|small-1|judge'
    """
    if task_type == NO_TYPE:
        return stream
    tier, _, rest = stream.split("|", 2)
    return f"{tier}|{EVERY_TYPE}|{rest}"


def _fed_streams(rows: Sequence[Any], pooled: str) -> Iterable[tuple[str, list[Any]]]:
    """Each stream that a conversation feeds, with the pairs it feeds it."""
    by_stream: dict[str, list[Any]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(row)
    if pooled not in by_stream:
        by_stream[pooled] = list(rows)
    return by_stream.items()


@dataclass(frozen=True, slots=True)
class _Watched:
    """One stream as an alert describes it.

    ``first`` is any of its outcomes, ``observations`` are those its monitor has seen, ``figures``
    what `_figures` made of them.
    """

    stream: str
    first: Any
    monitor: MisrouteMonitor
    observations: Sequence[Sequence[Any]]
    figures: Mapping[str, Any]

    @property
    def segment(self) -> str:
        task_type = self.first.task_type if self.stream == self.first.stream else EVERY_TYPE
        return f"{self.first.tier}/{task_type}"

    @property
    def pairs(self) -> list[Any]:
        return [row for rows in self.observations for row in rows]


def _update_stream(
    connection: Connection, stream: str, observations: Sequence[Sequence[Any]], rules: MonitorRules
) -> None:
    first = observations[0][0]
    tolerance = _tolerance(connection, rules, first.tier, first.policy_version)
    pooled = stream != first.stream
    level = rules.level if first.task_type == NO_TYPE else 2 * rules.level
    kept = load_monitor(connection, stream)
    if kept is not None and not _same_promise(kept.state, tolerance, level, rules):
        kept = None  # other sampling or tolerance: what was gathered speaks of another promise
    monitor = (
        MisrouteMonitor(tolerance, level, rules.max_weight)
        if kept is None
        else MisrouteMonitor.from_state(kept.state)
    )
    alarmed = False if kept is None else kept.alarmed
    newest = 0 if kept is None else kept.newest_request_no
    pairs = 0 if kept is None else kept.pairs
    losses = 0.0 if kept is None else kept.losses
    tripped = False
    for rows in observations:
        if not fits([row.weight for row in rows], rules.max_weight):
            _log.warning("outcome left out: weight above the cap", outcome=rows[0].id, of=stream)
            continue
        crossing = monitor.update(
            *conversation_outcome([row.loss for row in rows], [row.weight for row in rows])
        )
        if not tripped:
            newest = max(newest, *(row.request_no for row in rows))
        pairs += len(rows)
        losses += sum(row.loss for row in rows)
        tripped = tripped or (crossing and not alarmed and pairs >= rules.min_pairs)
    figures = None if kept is None else kept.estimate
    told = None if figures is None else figures["relative"]
    watched = None
    if tripped or figures is None or monitor.n >= figures["observations"] * _REFRESH:
        seen = _observations(connection, stream, monitor, pooled=pooled)
        figures = _figures(seen, told, rules.max_weight)
        watched = _Watched(stream, first, monitor, seen, figures)
    put_monitor(
        connection,
        kind="misroute",
        stream=stream,
        tier=first.tier,
        task_type=EVERY_TYPE if pooled else first.task_type,
        policy_version=first.policy_version,
        judge_version=first.judge_version,
        state=monitor.state(),
        pairs=pairs,
        losses=losses,
        newest_request_no=max(newest, *(row.request_no for rows in observations for row in rows)),
        alarmed=alarmed or tripped,
        estimate=figures,
    )
    if watched is None:
        return
    if tripped:
        _open_misroute_alert(connection, watched, newest)
    elif not alarmed and _is_news(watched.figures["relative"], told):
        _open_relative_alert(connection, watched)


def _tolerance(connection: Connection, rules: MonitorRules, tier: str, version: int) -> float:
    stated = rules.tolerance[tier]
    policy = None if rules.quality is None else load_policy(connection, version)
    return stated if policy is None else policy.tolerance(tier, stated, rules.quality)


def _same_promise(
    state: Mapping[str, Any], tolerance: float, level: float, rules: MonitorRules
) -> bool:
    promised = (state["tolerance"], state["level"], state["max_weight"])
    return promised == (tolerance, level, rules.max_weight)


def _observations(
    connection: Connection, stream: str, monitor: MisrouteMonitor, *, pooled: bool
) -> list[list[Any]]:
    """What a stream's monitor has seen, in its order.

    They are the last n: a monitor that was restarted counts from there. What was left out for its
    weight is left out here.
    """
    streams = streams_pooled_in(connection, stream) if pooled else [stream]
    seen = stream_outcomes(connection, streams)
    grouped = [list(rows) for _, rows in groupby(seen, key=lambda row: row.observation)]
    fitting = [rows for rows in grouped if fits([row.weight for row in rows], monitor.max_weight)]
    return fitting[len(fitting) - monitor.n :]


def _is_news(change: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> bool:
    """Whether a rise was not told before, and still is one."""
    if change is None or change["after"] <= change["before"]:
        return False
    return told is None or change["at"] != told["at"]


def _figures(
    seen: Sequence[Sequence[Any]], told: Mapping[str, Any] | None, max_weight: float
) -> dict[str, Any]:
    """What a reader is shown of a stream: a rate that may be watched, and the second opinion.

    ``relative`` is the newest rise over the stream's own past: the one ``told`` before, if there
    is no newer, or None.
    """
    outcomes = [
        conversation_outcome([row.loss for row in rows], [row.weight for row in rows])
        for rows in seen
    ]
    losses, weights = zip(*outcomes, strict=True) if outcomes else ((), ())
    change = raised_against_past(losses)
    return {
        **asdict(always_valid(losses, weights, max_weight=max_weight)),
        "observations": len(seen),
        "relative": told if change is None else asdict(change),
    }


def _open_relative_alert(connection: Connection, watched: _Watched) -> None:
    """Tell of a rise over the stream's own past that the alarm with a tolerance does not see."""
    change, tier, pairs = watched.figures["relative"], watched.first.tier, watched.pairs
    open_alert(
        connection,
        kind="relative",
        cause=f"relative:{watched.segment.replace('/', ':')}",
        tier=tier,
        segment=watched.segment,
        summary=(
            f"Second opinion: answers of tier {tier} are materially worse more often than they"
            f" used to be, {percent(change['after'])} where it was {percent(change['before'])}."
            " This compares the tier with its own past and says nothing about the tolerance."
        ),
        pairs=len(pairs),
        opened_at_request=max(row.request_no for row in pairs),
        evidence={
            **change,
            "observations": len(watched.observations),
            "whole_stream": asdict(rate_of(pairs)),
        },
    )


def _open_misroute_alert(connection: Connection, watched: _Watched, newest: int) -> None:
    first, monitor, pairs = watched.first, watched.monitor, watched.pairs
    recent = watched.observations[monitor.since :]
    excursion = [row for rows in recent for row in rows] or pairs
    worst = sorted(
        (row for row in excursion if row.loss > 0),
        key=lambda row: (row.basis == "swap_disagreement", -row.confidence),
    )[:_WORST]
    estimate = rate_of(excursion)
    tolerance = monitor.tolerance
    against = "fresh ones" if first.tier == CACHE_TIER else "the next tier's"
    alert_id = open_alert(
        connection,
        kind="misroute",
        cause=f"misroute:{watched.segment.replace('/', ':')}",
        tier=first.tier,
        segment=watched.segment,
        summary=(
            f"Answers of tier {first.tier} are materially worse than"
            f" {against} in"
            f" {percent(estimate.value)} of {len(excursion)} pairs"
            f" ({percent(estimate.low)} to {percent(estimate.high)});"
            f" tolerated are {percent(tolerance)}."
        ),
        pairs=len(pairs),
        opened_at_request=newest,
        evidence={
            "estimate": asdict(estimate),
            "whole_stream": asdict(rate_of(pairs)),
            "tolerance": tolerance,
            "statistic": monitor.statistic,
            "level": monitor.level,
            "stream": watched.stream,
            "policy_version": first.policy_version,
            "judge_version": first.judge_version,
            "conversations": len(watched.observations),
            "relative": watched.figures["relative"],
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
        evidence={"spent_usd": spent, "budget_usd": rules.budget_usd_per_day},
    )


def rate_of(pairs: Sequence[Any]) -> Estimate:
    """Weighted misroute rate of rows with ``loss`` and ``weight``; *unknown* without pairs."""
    if not pairs:
        return unknown()
    return weighted_rate([row.loss for row in pairs], [row.weight for row in pairs])
