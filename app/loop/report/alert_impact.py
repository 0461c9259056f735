"""Whom an alert hits and whether it still goes on, by what came since."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.decide.rollout import ServedPair
from tierwatch.loop.report.rollout_standing import rate_of
from tierwatch.store.alerts import Alert
from tierwatch.store.pages.affected import Affected, affected, moment_of, pairs_since

_HOUR: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a misroute alert does to people.

    Attributes:
        affected: traffic of its segment since the change.
        since_opened: misroute rate of pairs served since it opened.
        last_hour: the same of the last hour.
        tolerance: rate that must not be exceeded.
        rate: since the change, as the alert has it.
    """

    affected: Affected
    since_opened: Estimate
    last_hour: Estimate
    tolerance: float
    rate: Estimate

    @property
    def worse(self) -> tuple[float, float, float] | None:
        """About how many of the requests got a worse answer, and between what; None if unknown.

        The rate of the sampled pairs, taken for all of the segment's requests.
        """
        if self.rate.value is None:
            return None
        requests = self.affected.requests
        return (
            self.rate.value * requests,
            self.rate.low * requests,
            min(self.rate.high, 1.0) * requests,
        )

    @property
    def goes_on(self) -> str:
        """``yes``, ``no``, ``undecided``, or ``unknown`` without a pair since it opened."""
        if self.since_opened.value is None:
            return "unknown"
        if self.since_opened.low > self.tolerance:
            return "yes"
        return "no" if self.since_opened.high <= self.tolerance else "undecided"


def alert_impact(connection: Connection, alert: Alert, *, now: dt.datetime) -> Impact | None:
    """The impact of a misroute alert; None for other kinds, and where it cannot be read.

    Once it is resolved, traffic and pairs since then are no longer its.
    """
    evidence = alert.evidence
    if not isinstance(evidence, MisrouteEvidence):
        return None
    since = moment_of(evidence.first_pair) or alert.opened_at
    until = alert.resolved_at or now
    judge, segment = evidence.judge_version, (alert.tier, alert.task_type)

    def rate(start: dt.datetime) -> Estimate:
        pairs = pairs_since(connection, *segment, judge, start, until=alert.resolved_at)
        return rate_of([ServedPair(*one) for one in zip(pairs.losses, pairs.weights, strict=True)])

    return Impact(
        affected=affected(connection, *segment, since, until=alert.resolved_at),
        since_opened=rate(alert.opened_at),
        last_hour=rate(until - _HOUR),
        tolerance=evidence.tolerance,
        rate=evidence.estimate,
    )
