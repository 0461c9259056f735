"""Rollouts: how one stands, and its end by hand."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.rate import Rate, rate
from tierwatch.dashboard.api.route import Reason, Route, reason, there
from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.loop.decide.rollout_by_hand import abort_rollout, promote_rollout
from tierwatch.loop.report import rollout_standing as standing
from tierwatch.runtime.rules import rollout_rules


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a rollout: all its traffic, and the judged pairs of the tier that changes."""

    requests: int
    cost_usd: float
    pairs: int
    misroute: Rate


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a rollout stands, or stood when it ended.

    Attributes:
        version: the policy that is tried.
        state: of its proposal.
        share: of the sessions; 0 once it has ended.
        promised: misroute rate above which it is taken back; null where it cannot be read.
        statistic: of its monitor.
        level: at which it is taken back.
        min_pairs: that complete it.
        ended_why: null while it runs.
    """

    version: int
    proposal: int
    tier: str
    task_type: str
    from_threshold: float
    to_threshold: float
    state: str
    share: float
    started_at: dt.datetime
    ended_at: dt.datetime | None
    ended_why: str | None
    candidate: Arm
    other: Arm
    promised: float | None
    statistic: float | None
    level: float | None
    min_pairs: int


def _rollout(connection: Connection, version: int) -> Rollout:
    rules = rollout_rules(this_site().config)
    found = there(standing.rollout_standing(connection, version, rules, this_moment()))
    proposal = found.proposal
    return Rollout(
        version=version,
        proposal=proposal.id,
        tier=proposal.tier,
        task_type=proposal.task_type,
        from_threshold=proposal.from_threshold,
        to_threshold=proposal.to_threshold,
        state=proposal.state,
        share=found.share,
        started_at=found.started_at,
        ended_at=found.ended_at,
        ended_why=proposal.ended_why,
        candidate=_arm(found.candidate),
        other=_arm(found.other),
        promised=found.promised,
        statistic=found.statistic,
        level=found.level,
        min_pairs=found.min_pairs,
    )


def _arm(arm: standing.Arm) -> Arm:
    return Arm(arm.traffic.requests, arm.traffic.cost_usd, arm.pairs, rate(arm.misroute))


def _promote(connection: Connection, version: int) -> Rollout:
    _rollout(connection, version)
    promote_rollout(connection, version, actor=this_person().name, why=reason())
    return _rollout(connection, version)


def _abort(connection: Connection, version: int) -> Rollout:
    _rollout(connection, version)
    abort_rollout(connection, version, actor=this_person().name, why=reason())
    return _rollout(connection, version)


ROUTES = (
    Route("GET", f"/rollouts/<{ID}:version>", "How a rollout stands.", Rollout, _rollout),
    Route(
        "POST",
        f"/rollouts/<{ID}:version>/promote",
        "Make a rollout's policy everybody's, whatever its pairs show by now.",
        Rollout,
        _promote,
        role="approver",
        body=Reason,
    ),
    Route(
        "POST",
        f"/rollouts/<{ID}:version>/abort",
        "Take a rollout back; everybody is on the stable policy again.",
        Rollout,
        _abort,
        role="approver",
        body=Reason,
    ),
)
