"""Streams: which monitors an outcome counts in, and what is shown and alerted of each.

A stream's name is ``tier|task type|rule|model|judge``: what its pairs depend on. The rule is the
segment's own (`routing.own_rule`): its thresholds, the classifier that decides there, and the rate
that was promised, which moves the tolerance. A request without a type feeds one stream; one with a
type feeds that of the type and the pooled one of its tier, whose type is ``*``.

Why a stream may go on through a change of policy elsewhere. The monitor's guarantee asks one thing
of a pair: that its rate, given all that came before, is at most the tolerance. It asks nothing of
what the pair before it was routed by, so ``E[M_n] <= n`` holds through any change, and a restart
buys no error budget; it only throws away the evidence of a tier that has exceeded its tolerance
all along. What restarts a stream restarts it for other reasons: another model, judge or classifier
or a raised threshold is meant to be the remedy of what was gathered, and another tolerance is
another question. A lowered own threshold leaves its evidence to the stream that follows
(`kept_state`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, groupby
from typing import Final, Protocol

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.alarms.monitor_path import monitor_path
from tierwatch.evaluation.evidence.misroute_evidence import (
    MisrouteEvidence,
    MonitorPoint,
    WorstPair,
)
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.evaluation.rates.confidence_sequence import always_valid
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.sampling.outcome import (
    SWAP_DISAGREEMENT,
    observed_together,
    pieces,
)
from tierwatch.loop.capture.exchange import arrival_ms
from tierwatch.loop.decide.end import withdraw_loosening
from tierwatch.loop.watch.alert import open_alert
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.alerts import NewAlert
from tierwatch.store.judgements.outcomes import Outcome, stream_outcomes, streams_pooled_in
from tierwatch.store.judgements.own_rules import EVERY_TYPE, OwnRules

NO_TYPE: Final = "all"
_WORST: Final = 10
# What a path shows of the time before its change: twice what came since, and at least this much.
_BEFORE: Final = 100


class Naming(Protocol):
    """Who knows the stream of an outcome that carries a name; `OwnRules` does."""

    def stream(self, name: str, version: int, *, task_type: str | None = None) -> str:
        """The stream under a policy; the pooled one for the type ``*``."""


def stream_of(row: Outcome, names: Naming) -> str:
    """The stream of an outcome's own segment."""
    return names.stream(row.stream, row.policy_version)


def pooled_stream(row: Outcome, names: Naming) -> str:
    """The stream of all task types that an outcome counts in; that of its segment without types."""
    kind = None if row.task_type == NO_TYPE else EVERY_TYPE
    return names.stream(row.stream, row.policy_version, task_type=kind)


def is_pooled(stream: str) -> bool:
    """Whether a stream is that of all task types of a tier.

    >>> is_pooled("simple|*|t0.70|small-1|judge"), is_pooled("simple|sql|t0.70|small-1|judge")
    (True, False)
    """
    return stream.split("|", 2)[1:2] == [EVERY_TYPE]


def observations_of(
    batch: Sequence[Outcome], names: Naming
) -> list[tuple[str, str, list[Outcome]]]:
    """Outcomes that are observed together, with their direction and pooled stream.

    Those of one conversation, in pieces where there are many (`outcome.pieces`), by what they weigh
    in the stream where they weigh more.
    """
    found: dict[tuple[str, str, str], list[Outcome]] = {}
    for row in batch:
        key = (row.session, row.direction, pooled_stream(row, names))
        found.setdefault(key, []).append(row)
    return [
        (direction, pooled, rows[piece])
        for (_, direction, pooled), rows in found.items()
        for piece in pieces([max(row.in_segment.weight, row.in_tier.weight) for row in rows])
    ]


def fed_streams(
    rows: Sequence[Outcome], pooled: str, names: Naming
) -> Iterable[tuple[str, list[Outcome]]]:
    """Each stream that a conversation feeds, with the pairs it feeds it.

    A pair of a segment that is sampled more densely weighs as ever among its own, and less among
    all of its tier.
    """
    by_stream: dict[str, list[Outcome]] = {}
    for row in rows:
        by_stream.setdefault(stream_of(row, names), []).append(row.in_segment)
    if pooled not in by_stream:
        by_stream[pooled] = [row.in_tier for row in rows]
    return by_stream.items()


def weights_fit(rows: Sequence[Outcome], max_weight: float) -> bool:
    """Whether a monitor that declared a cap on weights may take an observation in."""
    return fits([row.weight for row in rows], max_weight)


def loss_and_weight(rows: Sequence[Outcome]) -> tuple[float, float]:
    """An observation as a monitor takes it: the mean loss of its pairs and their total weight."""
    return observed_together([row.loss for row in rows], [row.weight for row in rows])


def seen_observations(
    connection: Connection, stream: str, monitor: MisrouteMonitor, first: Outcome, rules: OwnRules
) -> list[list[Outcome]]:
    """What a stream's monitor has seen, in its order.

    They are the last n: a monitor that was restarted counts from there. What was left out for its
    weight is left out here. A stream that has outlived the days for which outcomes are kept has
    fewer.

    Args:
        connection: any.
        stream: its name.
        monitor: of it.
        first: any of its outcomes.
        rules: by policy.
    """
    found = stream_outcomes(connection, _carried_names(connection, stream, first, rules))
    seen = [row.in_tier if is_pooled(stream) else row.in_segment for row in found]
    grouped = [list(rows) for _, rows in groupby(seen, key=lambda row: row.observation)]
    fitting = [rows for rows in grouped if weights_fit(rows, monitor.max_weight)]
    return fitting[max(0, len(fitting) - monitor.n) :]


def _carried_names(
    connection: Connection, stream: str, first: Outcome, rules: OwnRules
) -> list[str]:
    """The names that the outcomes of a stream carry: one for each policy with its rule."""
    pooled = is_pooled(stream)
    kind = EVERY_TYPE if pooled else first.task_type
    parts = first.stream.split("|", 3)
    if stream == first.stream or parts[2:3] != [f"p{first.policy_version}"]:
        return [stream]
    names = [
        f"{first.tier}|{kind}|p{version}|{parts[3]}"
        for version in rules.versions_like(first.policy_version, first.tier, kind)
    ]
    if not pooled:
        return names
    # Pairs without a type feed a stream of their own, and not that of all types.
    carried = streams_pooled_in(connection, names)
    return [name for name in carried if name.split("|", 2)[1] != NO_TYPE]


@dataclass(frozen=True, slots=True)
class WatchedStream:
    """One stream as an alert describes it.

    Attributes:
        stream: its name.
        first: any of its outcomes.
        monitor: its monitor.
        observations: what the monitor has seen: conversations, each of one or more pairs; of a
            long life the newest of them.
        figures: what `stream_figures` made of them.
    """

    stream: str
    first: Outcome
    monitor: MisrouteMonitor
    observations: Sequence[Sequence[Outcome]]
    figures: StreamFigures

    @property
    def segment(self) -> str:
        """Tier and task type; ``*`` for the pooled stream."""
        task_type = EVERY_TYPE if is_pooled(self.stream) else self.first.task_type
        return f"{self.first.tier}/{task_type}"

    @property
    def pairs(self) -> list[Outcome]:
        """All pairs of its observations."""
        return [row for rows in self.observations for row in rows]

    @property
    def gone(self) -> int:
        """How many observations of the monitor are no longer kept."""
        return max(0, self.monitor.n - len(self.observations))

    @property
    def since(self) -> int:
        """Place of the first observation since the change that the monitor estimates."""
        return max(0, self.monitor.since - self.gone)

    @property
    def excursion(self) -> list[Outcome]:
        """The pairs since the change that the monitor estimates."""
        since = self.observations[self.since :]
        return [row for rows in since for row in rows] or self.pairs


def stream_figures(seen: Sequence[Sequence[Outcome]], reach: float, *, taken: int) -> StreamFigures:
    """What a reader is shown of a stream: a rate that may be watched.

    Args:
        seen: its observations, as far as they are kept.
        reach: of its monitor: the cap on the total weight of an observation.
        taken: how many observations its monitor has taken in.
    """
    outcomes = [loss_and_weight(rows) for rows in seen]
    losses, weights = zip(*outcomes, strict=True) if outcomes else ((), ())
    return StreamFigures(
        **asdict(always_valid(losses, weights, max_weight=max((reach, *weights)))),
        observations=taken,
    )


def open_misroute_alert(connection: Connection, watched: WatchedStream, newest: int) -> None:
    """Open the alert of a stream whose monitor alarms, and take back what would loosen its tier.

    Args:
        connection: in a transaction.
        watched: the stream.
        newest: the newest request that the alarm rests on.
    """
    tier, excursion = watched.first.tier, watched.excursion
    estimate = rate_of(excursion)
    against = "fresh ones" if tier == CACHE_TIER else "the next tier's"
    of_type = type_in_words(watched.segment)
    new = NewAlert(
        cause=f"misroute:{watched.segment.replace('/', ':')}",
        tier=tier,
        segment=watched.segment,
        summary=(
            f"Answers of tier {tier}{of_type} are materially worse than {against} in"
            f" {percent(estimate.value)} of {len(excursion)} pairs"
            f" ({percent(estimate.low)} to {percent(estimate.high)});"
            f" {percent(watched.monitor.tolerance)} is tolerated."
        ),
        pairs=len(watched.pairs),
        evidence=_misroute_evidence(watched, estimate),
    )
    alert_id = open_alert(connection, new, opened_at_request=newest)
    if alert_id is not None:
        why = f"alert {alert_id} was opened on this tier after its evidence"
        withdraw_loosening(connection, tier, why=why)


def type_in_words(segment: str) -> str:
    """The task type of a segment in words; nothing where it is of all of them.

    >>> type_in_words("simple/sql"), type_in_words("simple/*"), type_in_words("simple/all")
    (' to requests of type sql', '', '')
    """
    task_type = segment.partition("/")[2]
    return "" if task_type in {"*", "all", ""} else f" to requests of type {task_type}"


def rate_of(pairs: Sequence[Outcome]) -> Estimate:
    """Weighted misroute rate of rows with ``loss`` and ``weight``; *unknown* without pairs."""
    if not pairs:
        return unknown()
    return weighted_rate([row.loss for row in pairs], [row.weight for row in pairs])


def _misroute_evidence(watched: WatchedStream, estimate: Estimate) -> MisrouteEvidence:
    monitor, excursion = watched.monitor, watched.excursion
    first, last = excursion[0], excursion[-1]
    return MisrouteEvidence(
        estimate=estimate,
        whole_stream=rate_of(watched.pairs),
        tolerance=monitor.tolerance,
        statistic=monitor.statistic,
        level=monitor.level,
        stream=watched.stream,
        policy_version=watched.first.policy_version,
        judge_version=watched.first.judge_version,
        first_outcome=first.id,
        first_pair=str(first.exchange_id),
        first_request=first.request_no,
        last_pair=str(last.exchange_id),
        last_request=last.request_no,
        worst=_worst(excursion),
        conversations=len(watched.observations),
        path=path_of(watched),
    )


def path_of(watched: WatchedStream) -> tuple[MonitorPoint, ...]:
    """How the monitor of a stream came to where it stands, from some time before the change on."""
    seen = watched.observations
    first = max(0, watched.since - max(_BEFORE, 2 * (len(seen) - watched.since)))
    path = monitor_path(watched.monitor, [loss_and_weight(rows) for rows in seen], first)
    # A conversation may be judged after one that began later; what is known by then only grows.
    arrived = (max(arrival_ms(row.exchange_id) for row in rows) for rows in seen)
    newest = list(accumulate(arrived, max))
    return tuple(
        MonitorPoint(watched.gone + place + 1, newest[place] / 1000, float(f"{statistic:.4g}"))
        for place, statistic in path
    )


def _worst(excursion: Sequence[Outcome]) -> tuple[WorstPair, ...]:
    """Pairs judged worse: first those both orders agree on, then by the confidence that kept."""
    worse = sorted(
        (row for row in excursion if row.loss > 0),
        key=lambda row: (row.basis == SWAP_DISAGREEMENT, -row.confidence),
    )
    return tuple(
        WorstPair(str(row.exchange_id), row.confidence, row.request_no) for row in worse[:_WORST]
    )
