"""Observe: feed new outcomes to their segments' monitors, exactly once, and open alerts.

The pairs of one conversation are one observation, or several where they are many: the sum over its
pairs, so that what is watched is the rate of pairs (`sampling.outcome`). It feeds the stream of its
segment and, where there are task types, the stream of the whole tier; then each outcome counts in
two monitors, and both alarm at twice the level, so that the budget of false alarms counts updates
and not segments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.evidence.document import Unreadable, read_or_unreadable
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.evaluation.sampling.outcome import MOST_TOGETHER
from tierwatch.loop.watch.evaluation_budget import watch_budget
from tierwatch.loop.watch.judge.orders import watch_orders
from tierwatch.loop.watch.kept_state import (
    Watching,
    kept_or_adopted,
    resumed_of_pairs,
    take_over_left,
)
from tierwatch.loop.watch.past import PastRules, watch_past
from tierwatch.loop.watch.streams import (
    NO_TYPE,
    WatchedStream,
    fed_streams,
    is_pooled,
    loss_and_weight,
    observations_of,
    open_misroute_alert,
    seen_observations,
    stream_figures,
    weights_fit,
)
from tierwatch.store.judgements.monitors import put_monitor
from tierwatch.store.judgements.outcomes import Outcome, set_positions, take_unobserved
from tierwatch.store.judgements.own_rules import EVERY_TYPE, OwnRules
from tierwatch.store.locks import try_lock
from tierwatch.store.policies import load_policy
from tierwatch.store.step_runs import mark_run

# One observer at a time keeps the order of outcomes the order of the monitors.
OBSERVER_LOCK: Final = 7_431_202
# Conversations a transaction takes in.
_BATCH: Final = 2_000
# Figures for the reader are made anew when a stream has grown by this share, not with each pair:
# they read the whole stream, and so cost 50 times its length over its life.
_REFRESH: Final = 1.02

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
        past: of the alarm against the past, which has a budget of its own; None for none.
    """

    tolerance: Mapping[str, float]
    level: float
    max_weight: float
    min_pairs: int
    budget_usd_per_day: float | None = None
    conversation_idle_s: float = 600.0
    quality: float | None = None
    past: PastRules | None = None


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
            if not try_lock(connection, OBSERVER_LOCK):
                return taken
            batch = take_unobserved(connection, idle_s=rules.conversation_idle_s, limit=_BATCH)
            _take(connection, batch, rules)
            watch_budget(connection, rules.budget_usd_per_day)
            if not batch:
                mark_run(connection, "observe")
        taken += len(batch)
        if not batch:
            return taken


def _take(connection: Connection, batch: Sequence[Outcome], rules: MonitorRules) -> None:
    """Update the monitors of one batch of outcomes."""
    own_rules = OwnRules(connection)
    observed = observations_of(batch, own_rules)
    if not observed:
        return
    set_positions(connection, [[row.id for row in rows] for _, _, rows in observed])
    if rules.past is not None:
        watch_past(connection, batch, rules.past)
    watch_orders(connection, batch)
    streams: dict[str, list[list[Outcome]]] = {}
    for direction, pooled, rows in observed:
        if direction == "up" and rows[0].tier in rules.tolerance:
            for stream, of_stream in fed_streams(rows, pooled, own_rules):
                streams.setdefault(stream, []).append(of_stream)
    for stream, observations in streams.items():
        _update_stream(connection, stream, observations, rules, own_rules)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a stream has taken in; ``tripped`` when it began to alarm in this batch."""

    pairs: int
    losses: float
    newest: int
    tripped: bool = False


def _update_stream(
    connection: Connection,
    stream: str,
    observations: Sequence[Sequence[Outcome]],
    rules: MonitorRules,
    own_rules: OwnRules,
) -> None:
    first = observations[0][0]
    kind = EVERY_TYPE if is_pooled(stream) else first.task_type
    watching = Watching(stream, first.tier, kind, first.judge_version, first.policy_version)
    kept = kept_or_adopted(connection, stream, first.stream, own_rules)
    known = resumed_of_pairs(MisrouteMonitor, kept)
    level = rules.level if first.task_type == NO_TYPE else 2 * rules.level
    tolerance = _tolerance(connection, rules, first.tier, first.policy_version)
    promised = (tolerance, level, rules.max_weight, float(MOST_TOGETHER))
    known = None if known is None else known.at_level(level)
    if known is None or known.promise != promised:
        kept = None  # other sampling or tolerance: what was gathered speaks of another promise
    if known is None or kept is None:
        monitor, alarmed = MisrouteMonitor(*promised), False
        before = _Counts(0, 0.0, 0)
    else:
        monitor, alarmed = known, kept.alarmed
        before = _Counts(kept.pairs, kept.losses, kept.newest_request_no)
    alarmed = take_over_left(connection, monitor, watching, own_rules) or alarmed
    counts = _fed(monitor, stream, observations, before, rules, alarmed=alarmed)
    figures = None if kept is None else _readable(kept.estimate)
    watched = None
    if counts.tripped or figures is None or monitor.n >= figures.observations * _REFRESH:
        seen = seen_observations(connection, stream, monitor, first, own_rules)
        figures = stream_figures(seen, monitor.reach, taken=monitor.n)
        watched = WatchedStream(stream, first, monitor, seen, figures)
    put_monitor(
        connection,
        kind="misroute",
        stream=stream,
        tier=first.tier,
        task_type=kind,
        policy_version=first.policy_version,
        judge_version=first.judge_version,
        state=monitor.state(),
        pairs=counts.pairs,
        losses=counts.losses,
        newest_request_no=max(
            counts.newest, *(row.request_no for rows in observations for row in rows)
        ),
        alarmed=alarmed or counts.tripped,
        estimate=figures.to_json(),
    )
    if watched is not None and counts.tripped:
        open_misroute_alert(connection, watched, counts.newest)


def _fed(
    monitor: MisrouteMonitor,
    stream: str,
    observations: Sequence[Sequence[Outcome]],
    before: _Counts,
    rules: MonitorRules,
    *,
    alarmed: bool,
) -> _Counts:
    """Update a monitor with new observations; what the stream has then taken in.

    ``newest`` is the newest request when it began to alarm, or of all.
    """
    pairs, losses, newest, tripped = before.pairs, before.losses, before.newest, False
    for rows in observations:
        if not weights_fit(rows, rules.max_weight):
            _log.warning("outcome left out: weight above the cap", outcome=rows[0].id, of=stream)
            continue
        crossing = monitor.update(*loss_and_weight(rows))
        if not tripped:
            newest = max(newest, *(row.request_no for row in rows))
        pairs += len(rows)
        losses += sum(row.loss for row in rows)
        tripped = tripped or (crossing and not alarmed and pairs >= rules.min_pairs)
    return _Counts(pairs, losses, newest, tripped)


def _readable(estimate: object) -> StreamFigures | None:
    """The figures kept of a stream; None where there are none or they cannot be read.

    Then they are made anew of all that the stream has seen.
    """
    if estimate is None:
        return None
    figures = read_or_unreadable(StreamFigures.from_json, estimate)
    return None if isinstance(figures, Unreadable) else figures


def _tolerance(connection: Connection, rules: MonitorRules, tier: str, version: int) -> float:
    stated = rules.tolerance[tier]
    policy = None if rules.quality is None else load_policy(connection, version)
    return stated if policy is None else policy.tolerance(tier, stated, rules.quality)
