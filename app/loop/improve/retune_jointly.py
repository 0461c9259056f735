"""Retune jointly: test all tiers' thresholds together against the share of quality to be kept.

What is lost adds up over boundaries, so under an objective no tier has a tolerance by which its
threshold could be certified alone. One test reads all of them and proposes at most one step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from sqlalchemy import Connection

from tierwatch.evaluation.evidence.codec import plain
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import (
    MeanCosts,
    MovedTraffic,
    ObjectiveEvidence,
    ObjectiveTest,
    ThresholdBound,
)
from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.moves import JointChoice, Move, next_move
from tierwatch.evaluation.objectives.total_loss import served_rates
from tierwatch.evaluation.thresholds.prediction import predicted_change
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.end import expire_proposal, expire_untested
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.decide.rollout import promised_rate
from tierwatch.loop.improve.objective import Objective
from tierwatch.loop.improve.replay_policy import (
    moved_traffic,
    moving,
    not_taken_words,
    replay_thresholds,
)
from tierwatch.loop.improve.retune_rules import RetuneRules, is_due, regime_start
from tierwatch.routing.policy import ALL_TASKS, Policy
from tierwatch.store.alerts import Alert, misroute_alert
from tierwatch.store.judgements.boundary_evidence import RoutedEvidence, routed_evidence
from tierwatch.store.judgements.logged_decisions import mean_costs
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import UNDECIDED, NewProposal, proposals_in
from tierwatch.store.retunes import add_retune, last_retune

# What stands for the tier where all are tested.
EVERY_TIER: Final = "*"


@dataclass(frozen=True, slots=True)
class JointTest:
    """All tiers, as one test reads them.

    Attributes:
        objective: what is to be kept.
        policy: that is active.
        judge_version: whose verdicts.
        alerts: unresolved misroute alerts by tier.
        found: pairs of all boundaries.
        costs: mean USD of an answer of each tier and of the next.
        k: which test it is, from 0.
        delta: that it spends.
    """

    objective: Objective
    policy: Policy
    judge_version: str
    alerts: Mapping[str, Alert]
    found: RoutedEvidence
    costs: Mapping[str, MeanCosts]
    k: int
    delta: float

    @property
    def current(self) -> list[float]:
        """The active thresholds, cheapest tier first."""
        return [self.policy.threshold(tier) for tier in self.objective.tiers]


def retune_jointly(
    connection: Connection, *, objective: Objective, rules: RetuneRules, judge_version: str
) -> Made | None:
    """Test all tiers once, if there is enough new evidence and nothing is undecided.

    Of the moves that save, the one that saves most is proposed; it is always certified. Where more
    than the objective allows is lost, a raise is: a certified one when that is estimated, another
    when it is shown or an alert is open. Where no tier is known to be dearer than the one below it,
    nothing could be saved and nothing is tested, unless an alert is open.

    Args:
        connection: in a transaction; the active policy stays locked.
        objective: what is to be kept.
        rules: delta is the chance of ever certifying a policy that loses more, over all tests, and
            new pairs are counted over all tiers.
        judge_version: whose verdicts.
    """
    lock_active(connection)
    test = _due_test(connection, objective, rules, judge_version)
    if test is None:
        return None
    choice = joint_choice(test, step=rules.step)
    move = next_move(choice, alerted=[objective.tiers.index(tier) for tier in test.alerts])
    moved, refused = traffic_moved_jointly(connection, test, move, rules)
    if refused:
        move = None
    record_joint_test(connection, test, choice, move, refused)
    if move is None:
        return None
    return propose(connection, joint_proposal(connection, test, choice, move, moved))


def joint_choice(test: JointTest, *, step: float) -> JointChoice:
    """The moves that the pairs of a test allow."""
    return choose_jointly(
        test.found.pairs,
        current=test.current,
        steps_usd=steps_usd(test.costs),
        quality=test.objective.quality,
        delta=test.delta,
        step=step,
        max_weight=test.found.max_weight,
    )


def traffic_moved_jointly(
    connection: Connection, test: JointTest, move: Move | None, rules: RetuneRules
) -> tuple[MovedTraffic | None, str]:
    """What the tier that gets requests would make of them, and why it is not to get them."""
    if move is None or rules.receiving is None:
        return None, ""
    tier, current = test.objective.tiers[move.place], test.current[move.place]
    direction: Literal["lower", "raise"] = "lower" if move.threshold < current else "raise"
    moved = moved_traffic(connection, rules.receiving, tier=tier, direction=direction)
    return moved, not_taken_words(direction, moved)


def _due_test(
    connection: Connection, objective: Objective, rules: RetuneRules, judge_version: str
) -> JointTest | None:
    """What a test would read; None while it is not due, or could find nothing."""
    active = active_policies(connection)
    if active is None:
        return None
    expire_untested(connection, objective.quality)
    alerts = _alerts(connection, objective)
    if not _way_is_free(connection, alerts):
        return None
    last = last_retune(connection, EVERY_TIER, ALL_TASKS)
    if not any(is_due(last, one, rules.every_s) for one in (None, *alerts.values())):
        return None
    test = joint_test_now(connection, objective, rules, judge_version)
    if test is None:
        return None
    seen = 0 if last is None else last.last_outcome
    fresh = sum(1 for outcome_id in test.found.ids if outcome_id > seen)
    saves_nothing = max(steps_usd(test.costs)) <= 0 and not alerts
    return None if saves_nothing or fresh < rules.min_pairs else test


def joint_test_now(
    connection: Connection, objective: Objective, rules: RetuneRules, judge_version: str
) -> JointTest | None:
    """What a test of all tiers reads at this moment, due or not.

    None before a policy is active, and where this version cannot read the alert that says when the
    regime of now began.
    """
    active = active_policies(connection)
    alerts = _alerts(connection, objective)
    starts = [regime_start(alert) for alert in alerts.values()]
    if active is None or None in starts:
        return None
    policy = active.stable
    found = routed_evidence(
        connection,
        objective.tiers,
        objective.top,
        judge_version=judge_version,
        classifier=policy.classifier,
        after_outcome=max((start for start in starts if start is not None), default=0),
        apart=policy.by_task,
    )
    last = last_retune(connection, EVERY_TIER, ALL_TASKS)
    k = 0 if last is None else last.k + 1
    return JointTest(
        objective=objective,
        policy=policy,
        judge_version=judge_version,
        alerts=alerts,
        found=found,
        costs={tier: MeanCosts(*mean_costs(connection, tier)) for tier in objective.tiers},
        k=k,
        delta=spent_delta(rules.delta, k),
    )


def _alerts(connection: Connection, objective: Objective) -> dict[str, Alert]:
    """Unresolved misroute alerts by tier."""
    found = {tier: misroute_alert(connection, tier, ALL_TASKS) for tier in objective.tiers}
    return {tier: alert for tier, alert in found.items() if alert is not None}


def _way_is_free(connection: Connection, alerts: Mapping[str, Alert]) -> bool:
    """Whether nothing undecided stands in the way of a test.

    With an open alert, what is open on other tiers is withdrawn: a raise expires, and a model goes
    on waiting beside what is proposed out of the alert.
    """
    free = True
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if not alerts or proposal.tier in alerts or proposal.state != "open":
            free = False
        elif proposal.kind == "threshold":
            expire_proposal(connection, proposal, why="an alert is open on another tier")
    return free


def steps_usd(costs: Mapping[str, MeanCosts]) -> list[float]:
    """What going up one tier costs, cheapest tier first."""
    return [of_tier.upper - of_tier.lower for of_tier in costs.values()]


def record_joint_test(
    connection: Connection,
    test: JointTest,
    choice: JointChoice,
    move: Move | None,
    refused: str,
) -> None:
    """Write the test down, with the error budget it spent."""
    tiers = test.objective.tiers
    add_retune(
        connection,
        EVERY_TIER,
        ALL_TASKS,
        k=test.k,
        delta=test.delta,
        outcomes=test.found.ids,
        result={
            "quality": test.objective.quality,
            "loss_now": plain(choice.now),
            "bound_now": choice.bound,
            "allowed": choice.allowed,
            "target": dict(zip(tiers, choice.target, strict=True)),
            "proposed": move is not None,
            "reason": refused,
            # Too few of their pairs were compared with the top tier: what these tiers serve counts
            # as lost in every certificate.
            "assumes": [tiers[place] for place in choice.assumes],
        },
    )


def joint_proposal(
    connection: Connection,
    test: JointTest,
    choice: JointChoice,
    move: Move,
    moved: MovedTraffic | None,
) -> NewProposal:
    """The proposal of a move, with what it does to its tier and what it promises of each."""
    tiers, place = test.objective.tiers, move.place
    tier, current = tiers[place], test.current[place]
    then = [*test.current[:place], move.threshold, *test.current[place + 1 :]]
    pairs = test.found.pairs
    rates_now, rates = served_rates(pairs, test.current), served_rates(pairs, then)
    judged = np.asarray(pairs.boundaries) == place
    confidences = np.asarray(pairs.confidences)[judged, place]
    losses = np.maximum(np.asarray(pairs.gains)[judged], 0)
    weights = np.asarray(pairs.weights)[judged]
    change = predicted_change(
        confidences,
        losses,
        weights,
        current=current,
        proposed=move.threshold,
        cost_low=test.costs[tier].lower,
        cost_high=test.costs[tier].upper,
    )
    together = _together(test, choice, move)
    alert = test.alerts.get(tier)
    return NewProposal(
        tier=tier,
        from_threshold=current,
        to_threshold=move.threshold,
        certified=move.certified,
        base_version=test.policy.version,
        alert_id=None if alert is None else alert.id,
        pairs=int(judged.sum()),
        predicted=Prediction(rates[place], change.cost_change, change.kept),
        evidence=ObjectiveEvidence(
            delta=test.delta,
            k=test.k,
            judge_version=test.judge_version,
            first_outcome=test.found.ids[0],
            last_outcome=test.found.ids[-1],
            kept_now=rates_now[place],
            mean_cost_usd=test.costs[tier],
            bounds=tuple(
                ThresholdBound(threshold, bound, int((confidences >= threshold).sum()))
                for threshold, bound in move.bounds.items()
            ),
            objective=together,
            promised={
                name: high
                for name, rate in zip(tiers, rates, strict=True)
                if (high := promised_rate(rate)) is not None
            },
            reason=together.sentence,
            replay=replay_thresholds(
                connection, {tier: move.threshold}, judge_version=test.judge_version
            ),
            moved=moved,
            moving=moving(
                connection,
                tier,
                (confidences.tolist(), losses.tolist(), weights.tolist()),
                thresholds=(current, move.threshold),
                costs=test.costs[tier],
                # No tier has a tolerance here; what its policy promises is of all it keeps.
                tolerated=None,
            ),
        ),
    )


def _together(test: JointTest, choice: JointChoice, move: Move) -> ObjectiveTest:
    """All tiers, now and after a move."""
    tiers = test.objective.tiers
    return ObjectiveTest(
        quality=test.objective.quality,
        top=test.objective.top,
        allowed=choice.allowed,
        loss_now=choice.now,
        loss_then=move.loss,
        bound_then=move.bound,
        certified=move.certified,
        kept_now=dict(zip(tiers, choice.kept, strict=True)),
        kept_then=dict(zip(tiers, move.kept, strict=True)),
        saved_usd_per_request=move.saved_usd,
        target=dict(zip(tiers, choice.target, strict=True)),
    )
