"""Policy versions: read, and go back to one."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.rate import Rate, rate
from tierwatch.dashboard.api.route import BEFORE, Reason, Route, reason, there
from tierwatch.dashboard.arguments import ID, before_number
from tierwatch.dashboard.reports.measured_policies import measured_policies
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.loop.decide.foreign.hand_over import require_ours
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.report.policy_effects import PolicyEffect
from tierwatch.store.pages.lists import InForce, PolicyLine, in_force, policy
from tierwatch.store.sums.windows import Served, Stretch


@dataclass(frozen=True, slots=True)
class Side:
    """A stretch of time on one side of a change; ``saving`` is null where nothing was served."""

    since: dt.datetime
    until: dt.datetime
    requests: int
    saving: float | None


@dataclass(frozen=True, slots=True)
class TierEffect:
    """Misroute rates of a tier that was changed; ``promised`` was not to be exceeded."""

    tier: str
    before: Rate
    after: Rate
    promised: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What was measured before and after a policy became everybody's.

    Attributes:
        version: the policy.
        before: the time until it was made, a week at most.
        after: the time since it was everybody's, a week at most.
        tiers: that it changes.
        foreseen: predicted change of the cost of its proposal's boundary; null without a proposal.
    """

    version: int
    before: Side
    after: Side
    tiers: list[TierEffect]
    foreseen: Rate | None


@dataclass(frozen=True, slots=True)
class Policies:
    """Policy versions, newest first, which is active, and what was measured of the changes.

    ``effects`` leaves out versions of which nothing was.
    """

    policies: list[PolicyLine]
    in_force: InForce | None
    before: int | None
    effects: list[Effect]


def _policies(connection: Connection) -> Policies:
    found = measured_policies(connection, this_site().config, before_number(), this_moment())
    return Policies(
        policies=list(found.lines),
        in_force=in_force(connection),
        before=found.before,
        effects=[
            _effect(found.effects[line.version])
            for line in found.lines
            if line.version in found.effects
        ],
    )


def _effect(found: PolicyEffect) -> Effect:
    return Effect(
        version=found.version,
        before=_side(found.before, found.served_before),
        after=_side(found.after, found.served_after),
        tiers=[
            TierEffect(one.tier, rate(one.before), rate(one.after), one.promised)
            for one in found.tiers
        ],
        foreseen=None if found.foreseen is None else rate(found.foreseen),
    )


def _side(stretch: Stretch, served: Served) -> Side:
    return Side(stretch.since, stretch.until, served.requests, served.saving)


def _policy(connection: Connection, version: int) -> PolicyLine:
    return there(policy(connection, version))


def _rollback(connection: Connection, version: int) -> PolicyLine:
    _policy(connection, version)
    require_ours(this_site().config.foreign)
    new = roll_back_to(connection, version, actor=this_person().name, why=reason())
    return _policy(connection, new)


ROUTES = (
    Route("GET", "/policies", "Policy versions, newest first.", Policies, _policies, query=BEFORE),
    Route("GET", f"/policies/<{ID}:version>", "One policy version.", PolicyLine, _policy),
    Route(
        "POST",
        f"/policies/<{ID}:version>/rollback",
        "Make an earlier version's thresholds active again, as a new version.",
        PolicyLine,
        _rollback,
        role="approver",
        body=Reason,
    ),
)
