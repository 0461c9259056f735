"""Whom an alert hits and whether it still goes on, by what came since."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.decide.rollout import ServedPair
from tierwatch.loop.report.rollout_standing import rate_of
from tierwatch.store.alerts import Alert
from tierwatch.store.pages.affected import Affected, affected, moment_of, pairs_since


@dataclass(frozen=True, slots=True)
class Impact:
    """What a misroute alert does to people.

    Attributes:
        affected: traffic of its segment since the change.
        since_opened: misroute rate of pairs served since it opened.
        tolerance: rate that must not be exceeded.
    """

    affected: Affected
    since_opened: Estimate
    tolerance: float

    @property
    def goes_on(self) -> str:
        """``yes``, ``no``, ``undecided``, or ``unknown`` without a pair since it opened."""
        if self.since_opened.value is None:
            return "unknown"
        if self.since_opened.low > self.tolerance:
            return "yes"
        return "no" if self.since_opened.high <= self.tolerance else "undecided"


def alert_impact(connection: Connection, alert: Alert) -> Impact | None:
    """The impact of a misroute alert; None for other kinds, and where it cannot be read."""
    evidence = alert.evidence
    if not isinstance(evidence, MisrouteEvidence):
        return None
    since = moment_of(evidence.first_pair) or alert.opened_at
    pairs = pairs_since(
        connection, alert.tier, alert.task_type, evidence.judge_version, alert.opened_at
    )
    return Impact(
        affected=affected(connection, alert.tier, alert.task_type, since),
        since_opened=rate_of(
            [ServedPair(*one) for one in zip(pairs.losses, pairs.weights, strict=True)]
        ),
        tolerance=evidence.tolerance,
    )
