"""A watched stream: what its alerts say, and the figures kept for readers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.evidence.misroute_evidence import (
    MisrouteEvidence,
    RelativeChange,
    RelativeEvidence,
    WorstPair,
)
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.evaluation.rates.confidence_sequence import always_valid
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.loop.decide.end import withdraw_loosening
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.relative import raised_against_past
from tierwatch.loop.watch.streams import EVERY_TYPE, loss_and_weight
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.alerts import NewAlert
from tierwatch.store.evidence.outcomes import Outcome

_WORST: Final = 10


@dataclass(frozen=True, slots=True)
class WatchedStream:
    """One stream as an alert describes it.

    Attributes:
        stream: its name.
        first: any of its outcomes.
        monitor: its monitor.
        observations: what the monitor has seen: conversations, each of one or more pairs.
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
        task_type = self.first.task_type if self.stream == self.first.stream else EVERY_TYPE
        return f"{self.first.tier}/{task_type}"

    @property
    def pairs(self) -> list[Outcome]:
        """All pairs of its observations."""
        return [row for rows in self.observations for row in rows]

    @property
    def excursion(self) -> list[Outcome]:
        """The pairs since the change that the monitor estimates."""
        since = self.observations[self.monitor.since :]
        return [row for rows in since for row in rows] or self.pairs


def stream_figures(
    seen: Sequence[Sequence[Outcome]], notified: RelativeChange | None, max_weight: float
) -> StreamFigures:
    """What a reader is shown of a stream: a rate that may be watched, and the second opinion.

    Args:
        seen: its observations.
        notified: the rise that was notified before; it stays where there is no newer one.
        max_weight: declared cap on weights.
    """
    outcomes = [loss_and_weight(rows) for rows in seen]
    losses, weights = zip(*outcomes, strict=True) if outcomes else ((), ())
    return StreamFigures(
        **asdict(always_valid(losses, weights, max_weight=max_weight)),
        observations=len(seen),
        relative=raised_against_past(losses) or notified,
    )


def is_news(change: RelativeChange | None, notified: RelativeChange | None) -> bool:
    """Whether a rise was not notified before, and still is one.

    >>> rise = RelativeChange(at=512, before=0.01, after=0.2, method="ADWIN")
    >>> is_news(rise, None), is_news(rise, rise), is_news(None, rise)
    (True, False, False)
    """
    if change is None or change.after <= change.before:
        return False
    return notified is None or change.at != notified.at


def open_relative_alert(
    connection: Connection, watched: WatchedStream, change: RelativeChange
) -> None:
    """Notify of a rise over the stream's own past that the alarm with a tolerance does not see."""
    tier, pairs = watched.first.tier, watched.pairs
    new = NewAlert(
        cause=f"relative:{watched.segment.replace('/', ':')}",
        tier=tier,
        segment=watched.segment,
        summary=(
            f"Second opinion: answers of tier {tier} are materially worse more often than they"
            f" used to be, {percent(change.after)} where it was {percent(change.before)}."
            " This compares the tier with its own past and says nothing about the tolerance."
        ),
        pairs=len(pairs),
        evidence=RelativeEvidence(
            at=change.at,
            before=change.before,
            after=change.after,
            method=change.method,
            observations=len(watched.observations),
            whole_stream=rate_of(pairs),
        ),
    )
    open_alert(connection, new, opened_at_request=max(row.request_no for row in pairs))


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
    new = NewAlert(
        cause=f"misroute:{watched.segment.replace('/', ':')}",
        tier=tier,
        segment=watched.segment,
        summary=(
            f"Answers of tier {tier} are materially worse than {against} in"
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
        relative=watched.figures.relative,
    )


def _worst(excursion: Sequence[Outcome]) -> tuple[WorstPair, ...]:
    """Pairs judged worse: first those both orders agree on, then by the confidence that kept."""
    worse = sorted(
        (row for row in excursion if row.loss > 0),
        key=lambda row: (row.basis == "swap_disagreement", -row.confidence),
    )
    return tuple(
        WorstPair(str(row.exchange_id), row.confidence, row.request_no) for row in worse[:_WORST]
    )
