"""What became of quality and saving once a policy was everybody's, beside what was promised.

The stretch before it is held against the stretch after it. So whatever else changed about that
time is in the difference too: the two arms of a rollout, which run at the same time, are the fair
comparison; this one goes on once there are no arms any more, and is there for changes without any.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.weighted import rate_of_sums
from tierwatch.loop.decide.rollout import RolloutRules, promised_limit
from tierwatch.routing.policy import Policy
from tierwatch.store.pages.lists import PolicyLine
from tierwatch.store.pages.policy_turns import PolicyTurn, policy_turns
from tierwatch.store.proposals import Proposal
from tierwatch.store.sums.windows import Served, Stretch, misroutes_in, served_in

# Long enough for a week's rhythm, short enough for the change itself to be what differs.
LONGEST: Final = dt.timedelta(days=7)
# Versions beside those that are shown, among which the ones before and after are looked for: most
# that come between are rollouts that were taken back.
_BESIDE: Final = 50


@dataclass(frozen=True, slots=True)
class TierEffect:
    """A tier that a policy changes: its misroute rate before and after.

    Attributes:
        tier: which.
        before: by the judge's verdicts on requests of the stretch before.
        after: the same of the stretch after.
        promised: rate that was not to be exceeded; None where nothing was promised.
    """

    tier: str
    before: Estimate
    after: Estimate
    promised: float | None


@dataclass(frozen=True, slots=True)
class PolicyEffect:
    """What was measured before and after a policy became everybody's.

    Attributes:
        version: the policy.
        before: the stretch until it was made, back to the policy before it, a week at most.
        after: the stretch since it was everybody's, up to the policy after it, a week at most.
        tiers: that it changes.
        served_before: all traffic of the stretch before.
        served_after: the same after.
        foreseen: change of what the traffic of its proposal's boundary costs; None without one.
    """

    version: int
    before: Stretch
    after: Stretch
    tiers: tuple[TierEffect, ...]
    served_before: Served
    served_after: Served
    foreseen: Estimate | None


def policy_effects(
    connection: Connection,
    changed: Mapping[int, Collection[str]],
    *,
    lines: Mapping[int, PolicyLine],
    proposals: Mapping[int, Proposal],
    judge_version: str,
    rules: RolloutRules,
    now: dt.datetime,
) -> dict[int, PolicyEffect]:
    """The effects of policies, by version; those that nothing is measured of are left out.

    These are the first one, one that changes no tier, one that was never everybody's, and one that
    was for less than a whole hour. Three statements, whatever is asked.

    Args:
        connection: any.
        changed: version -> the tiers that it changes.
        lines: the policies themselves.
        proposals: version -> the proposal that it came from.
        judge_version: whose verdicts.
        rules: by which something is promised.
        now: the time.
    """
    if not changed:
        return {}
    turns = policy_turns(connection, min(changed) - _BESIDE, max(changed) + _BESIDE)
    sides = {
        version: found
        for version, found in ((turn.version, found) for turn, found in _sides(turns, now))
        if changed.get(version)
    }
    asked = [
        (version, tier, side)
        for version, found in sides.items()
        for tier in sorted(changed[version])
        for side in found
    ]
    rates = [
        rate_of_sums(sums)
        for sums in misroutes_in(
            connection, judge_version, [(tier, side) for _, tier, side in asked]
        )
    ]
    measured = {
        (version, tier, side): rate
        for (version, tier, side), rate in zip(asked, rates, strict=True)
    }
    served = served_in(connection, [side for found in sides.values() for side in found])
    return {
        version: PolicyEffect(
            version=version,
            before=before,
            after=after,
            tiers=tuple(
                TierEffect(
                    tier,
                    measured[version, tier, before],
                    measured[version, tier, after],
                    _promised(proposals.get(version), lines[version], tier, rules),
                )
                for tier in sorted(changed[version])
            ),
            served_before=served[2 * place],
            served_after=served[2 * place + 1],
            foreseen=_foreseen(proposals.get(version)),
        )
        for place, (version, (before, after)) in enumerate(sides.items())
    }


def _sides(
    turns: Sequence[PolicyTurn], now: dt.datetime
) -> Iterator[tuple[PolicyTurn, tuple[Stretch, Stretch]]]:
    """Each policy that was everybody's for a whole hour, with the stretch on either side of it."""
    active = sorted(
        ((turn.active_at, turn) for turn in turns if turn.active_at is not None),
        key=lambda one: (one[0], one[1].version),
    )
    for place, (active_at, turn) in enumerate(active):
        if place == 0:
            continue
        until = active[place + 1][0] if place + 1 < len(active) else now
        before = Stretch(max(active[place - 1][0], turn.made_at - LONGEST), turn.made_at)
        after = Stretch(active_at, min(until, active_at + LONGEST))
        if not after.whole_hours.empty:
            yield turn, (before, after)


def _promised(
    proposal: Proposal | None, line: PolicyLine, tier: str, rules: RolloutRules
) -> float | None:
    if proposal is None or proposal.tier != tier:
        return line.promised.get(tier)
    policy = Policy(
        line.version,
        line.thresholds,
        line.by_task,
        classifier=line.classifier,
        promised=line.promised,
        promised_for=line.promised_for,
    )
    return promised_limit(proposal, policy, rules)


def _foreseen(proposal: Proposal | None) -> Estimate | None:
    predicted = None if proposal is None else proposal.predicted
    return predicted.cost_change if isinstance(predicted, Prediction) else None
