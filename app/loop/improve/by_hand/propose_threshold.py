"""Propose a threshold: a person names it, and it gets the evidence that a retune would give it."""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.objectives.joint_choice import move_to
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.choice import ThresholdChoice
from tierwatch.loop.decide.approvals import ApprovalRules, proposer
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.propose import propose
from tierwatch.loop.improve.objective import Objective
from tierwatch.loop.improve.retune_jointly import (
    joint_choice,
    joint_proposal,
    joint_test_now,
    record_joint_test,
    steps_usd,
    traffic_moved_jointly,
)
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.improve.retune_tier import (
    record_test,
    segment_now,
    tested_segment,
    threshold_proposal,
    traffic_moved,
)
from tierwatch.routing.policy import ALL_TASKS, Policy
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.learned.type_versions import active_names
from tierwatch.store.policies import load_policy, lock_active
from tierwatch.store.proposals import UNDECIDED, NewProposal, proposals_in

# Thresholds have two decimals.
_CENTS: Final = 100
_UNTESTABLE: Final = (
    "this threshold cannot be tested now: too many task types were tested at the tier, or an alert"
    " of a newer version is open"
)


@dataclass(frozen=True, slots=True)
class NamedThreshold:
    """A threshold that a person names: of a tier, or of one of its task types."""

    tier: str
    threshold: float
    task_type: str = ALL_TASKS


def propose_threshold(
    connection: Connection,
    named: NamedThreshold,
    *,
    rules: RetuneRules,
    approvals: ApprovalRules,
    actor: str,
    person: str | None,
    why: str,
) -> int:
    """Propose a threshold that a person names, with the evidence there is, certified or not.

    It may lie further than one step from the active one, and it may rest on no pair at all: the
    proposal says so, and is approved and rolled out like any other. The test spends its part of
    delta as every test does, so the next one of the same threshold certifies a little less.

    Args:
        connection: inside the caller's transaction.
        named: the threshold.
        rules: how thresholds are tested.
        approvals: how many persons have to agree.
        actor: who proposes, as the audit names them.
        person: who answers for the actor; None where nobody is known to.
        why: their reason.

    Returns:
        The proposal's id.

    Raises:
        UsageError: no reason, no such tier or task type, or no threshold that it could have.
        ConflictError: nobody answers for it, another proposal has to be decided first, or nothing
            can be tested now.
    """
    require_reason(why)
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if stable is None:
        raise ConflictError("there is no policy yet; the gateway stores one when it starts")
    named = _sensible(connection, named, stable, together=rules.objective is not None)
    proposed_by = proposer(actor, person, approvals)
    _require_free(connection, named, together=rules.objective is not None)
    judge = newest_judge_version(connection) or ""
    if rules.objective is None:
        new = _alone(connection, named, rules, judge)
    else:
        new = _together(connection, named, rules, rules.objective, judge)
    made = propose(
        connection,
        replace(new, proposed_by=proposed_by, proposed_why=why.strip()),
        through="" if actor == proposed_by else actor,
    )
    if made is None:
        raise ConflictError(f"another proposal about {named.tier} was made at this moment")
    return made.id


def _sensible(
    connection: Connection, named: NamedThreshold, stable: Policy, *, together: bool
) -> NamedThreshold:
    """The same, its threshold the very number of the grid: programs send .8 - .1."""
    tiers = ", ".join(stable.thresholds)
    if named.tier not in stable.thresholds:
        raise UsageError(f"tier: found {named.tier[:100]!r}; accepted: {tiers}")
    types = (ALL_TASKS,) if together else (ALL_TASKS, *active_names(connection))
    if named.task_type not in types:
        raise UsageError(
            f"task type: found {named.task_type[:100]!r}; accepted: {', '.join(types)}"
        )
    cents = named.threshold * _CENTS
    if not (0 <= cents <= _CENTS and abs(cents - round(cents)) < 1e-6):  # noqa: PLR2004 - rounding
        raise UsageError(
            f"threshold: found {named.threshold:g}; accepted: 0 to 1 with two decimals"
        )
    threshold = round(cents) / _CENTS
    if threshold == stable.threshold(named.tier, named.task_type):
        raise UsageError(
            f"threshold: found {threshold:.2f}, which is active; accepted: another one"
        )
    return replace(named, threshold=threshold)


def _require_free(connection: Connection, named: NamedThreshold, *, together: bool) -> None:
    """Refuse while another proposal stands in the way, as for those that tierwatch makes."""
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        same = (proposal.tier, proposal.task_type) == (named.tier, named.task_type)
        if same or (together and proposal.kind == "threshold"):
            state = proposal.state.replace("_", " ")
            raise ConflictError(
                f"proposal {proposal.id} about {proposal.tier} is {state}; it comes first"
            )


def _alone(
    connection: Connection, named: NamedThreshold, rules: RetuneRules, judge_version: str
) -> NewProposal:
    """A proposal that rests on a test of this threshold."""
    segment = segment_now(connection, named.tier, named.task_type, rules, judge_version)
    if segment is None:
        raise ConflictError(_UNTESTABLE)
    reach = max(rules.step, abs(named.threshold - segment.current))
    found = tested_segment(connection, segment, replace(rules, step=reach))
    found = replace(found, choice=named_choice(found.choice, named.threshold, segment.alpha))
    moved = traffic_moved(connection, segment, found.choice, rules)
    if segment.pairs.ids:  # without a pair nothing was tested, and nothing is spent
        record_test(connection, segment, found, proposed=True, refused="")
    return threshold_proposal(connection, segment, found, named.threshold, moved)


def named_choice(choice: ThresholdChoice, threshold: float, alpha: float) -> ThresholdChoice:
    """What a search says of one threshold in its reach.

    All that passed hold at once, with the chance delta that one does not; so a threshold may be
    named with the bounds of the same pairs in view.

    Args:
        choice: what the search found; it went as far as the threshold where it could.
        threshold: that is named.
        alpha: misroute rate to hold.
    """
    bound = choice.bounds.get(threshold)
    loosest = choice.threshold if choice.certified else None
    certified = (
        bound is not None and bound <= alpha and loosest is not None and threshold >= loosest
    )
    if certified:
        reason = (
            f"at {threshold:.2f} the misroute rate is at most {percent(bound)},"
            f" from {choice.pairs[threshold]} pairs; {percent(alpha)} is allowed"
        )
    elif choice.pairs.get(threshold) == 0:
        reason = f"no pair is kept at {threshold:.2f}, so there is nothing to certify from"
    elif bound is not None:
        reason = (
            f"at {threshold:.2f} the misroute rate may be up to {percent(bound)},"
            f" from {choice.pairs.get(threshold, 0)} pairs; {percent(alpha)} is allowed"
        )
    else:
        reason = f"testing from strict to loose ended before {threshold:.2f}: {choice.reason}"
    return replace(choice, threshold=threshold, certified=certified, reason=reason)


def _together(
    connection: Connection,
    named: NamedThreshold,
    rules: RetuneRules,
    objective: Objective,
    judge_version: str,
) -> NewProposal:
    """A proposal that rests on a test of all tiers with this threshold."""
    test = joint_test_now(connection, objective, rules, judge_version)
    if test is None:
        raise ConflictError(_UNTESTABLE)
    if not test.found.ids:
        raise ConflictError(
            "no pair of this policy is judged yet, and under an objective a threshold is held"
            " against what all tiers lose together"
        )
    move = move_to(
        test.found.pairs,
        place=objective.tiers.index(named.tier),
        threshold=named.threshold,
        current=test.current,
        steps_usd=steps_usd(test.costs),
        quality=objective.quality,
        delta=test.delta,
        step=rules.step,
        max_weight=test.found.max_weight,
    )
    choice = joint_choice(test, step=rules.step)
    moved, _ = traffic_moved_jointly(connection, test, move, rules)
    record_joint_test(connection, test, choice, move, "")
    return joint_proposal(connection, test, choice, move, moved)
