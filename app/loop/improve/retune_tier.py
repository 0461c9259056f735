"""Retune a tier: test one threshold, a tier's own or that of one of its task types."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import (
    MeanCosts,
    MovedTraffic,
    ThresholdBound,
    ThresholdEvidence,
)
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.evaluation.thresholds.prediction import predicted_change
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.improve.replay_policy import (
    moved_traffic,
    moving,
    not_taken_words,
    replay_thresholds,
)
from tierwatch.loop.improve.retune_rules import RetuneRules, is_due, regime_start
from tierwatch.routing.classify.task_types import MOST_TYPES
from tierwatch.routing.policy import ALL_TASKS, Policy
from tierwatch.store.alerts import Alert, misroute_alert
from tierwatch.store.judgements.boundary_evidence import BoundaryEvidence, boundary_evidence
from tierwatch.store.judgements.logged_decisions import mean_costs
from tierwatch.store.labels.labels import judge_errors
from tierwatch.store.learned.artefacts import artefact_at
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import NewProposal, is_undecided
from tierwatch.store.retunes import add_retune, last_retune, types_tested


@dataclass(frozen=True, slots=True)
class Segment:
    """One threshold, and what its test is given.

    Attributes:
        tier: whose.
        task_type: whose; ``all`` for the tier's own.
        policy: that is active.
        judge_version: whose verdicts.
        alert: the unresolved misroute alert about it.
        pairs: outcomes of the regime of now.
        alpha: misroute rate to hold.
        k: which test it is, from 0.
        delta: that it spends.
    """

    tier: str
    task_type: str
    policy: Policy
    judge_version: str
    alert: Alert | None
    pairs: BoundaryEvidence
    alpha: float
    k: int
    delta: float

    @property
    def current(self) -> float:
        """The active threshold."""
        return self.policy.threshold(self.tier, self.task_type)


@dataclass(frozen=True, slots=True)
class Tested:
    """What the test found: the choice, the rate of now, and people's labels where they count."""

    choice: ThresholdChoice
    kept_now: Estimate
    errors: JudgeErrors | None


def retune_tier(
    connection: Connection, *, tier: str, task_type: str, rules: RetuneRules, judge_version: str
) -> Made | None:
    """Test one threshold; the active policy stays locked so that a rollback cannot slip in."""
    lock_active(connection)
    segment = _due_segment(connection, tier, task_type, rules, judge_version)
    if segment is None:
        return None
    found = tested_segment(connection, segment, rules)
    worth = is_worth_proposing(
        found.choice, found.kept_now, segment.alpha, alerted=segment.alert is not None
    )
    moved = traffic_moved(connection, segment, found.choice, rules) if worth else None
    refused = not_taken_words(found.choice.direction, moved)
    record_test(connection, segment, found, proposed=worth and not refused, refused=refused)
    threshold = found.choice.threshold
    if not worth or refused or threshold is None:
        return None
    return propose(connection, threshold_proposal(connection, segment, found, threshold, moved))


def traffic_moved(
    connection: Connection, segment: Segment, choice: ThresholdChoice, rules: RetuneRules
) -> MovedTraffic | None:
    """What the tier that gets requests would make of them; None where nobody asks."""
    if rules.receiving is None or choice.direction == "keep":
        return None
    return moved_traffic(
        connection,
        rules.receiving,
        tier=segment.tier,
        direction=choice.direction,
        task_type=segment.task_type,
    )


def is_worth_proposing(
    choice: ThresholdChoice, kept_now: Estimate, alpha: float, *, alerted: bool
) -> bool:
    """Whether a person should be asked.

    A certified lowering always. A raise costs money, so something must speak for harm: for a
    certified one an estimated rate above alpha, for an uncertified one an open alert or a rate
    *shown* above alpha. With merely too few pairs to certify the present threshold, asking would
    ratchet every quiet tier to its strictest one.
    """
    if choice.direction == "keep":
        return False
    if alerted or choice.exceeded or choice.direction == "lower":
        return True
    return choice.certified and kept_now.value is not None and kept_now.value > alpha


def _due_segment(
    connection: Connection, tier: str, task_type: str, rules: RetuneRules, judge_version: str
) -> Segment | None:
    """What a test would read; None while it is not due, or has too few new pairs."""
    if is_undecided(connection, tier, task_type):
        return None
    last = last_retune(connection, tier, task_type)
    if not is_due(last, misroute_alert(connection, tier, task_type), rules.every_s):
        return None
    segment = segment_now(connection, tier, task_type, rules, judge_version)
    seen = 0 if last is None else last.last_outcome
    if segment is None or sum(1 for one in segment.pairs.ids if one > seen) < rules.min_pairs:
        return None
    return segment


def segment_now(
    connection: Connection, tier: str, task_type: str, rules: RetuneRules, judge_version: str
) -> Segment | None:
    """What a test of a threshold reads at this moment, due or not.

    None before a policy is active, where no delta is left for the task type, and where this version
    cannot read the alert that says when the regime of now began.
    """
    active = active_policies(connection)
    whole = _whole_delta(connection, tier, task_type, rules.delta)
    alert = misroute_alert(connection, tier, task_type)
    start = regime_start(alert)
    if active is None or whole is None or start is None:
        return None
    policy = active.stable
    pairs = boundary_evidence(
        connection,
        tier,
        judge_version=judge_version,
        artefact_id=artefact_at(connection, policy.classifier, tier),
        after_outcome=start,
        task_type=None if task_type == ALL_TASKS else task_type,
        without=_apart(policy, tier) if task_type == ALL_TASKS else (),
    )
    last = last_retune(connection, tier, task_type)
    k = 0 if last is None else last.k + 1
    return Segment(
        tier,
        task_type,
        policy,
        judge_version,
        alert,
        pairs,
        alpha=rules.alpha[tier],
        k=k,
        delta=spent_delta(whole, k),
    )


def _whole_delta(connection: Connection, tier: str, task_type: str, delta: float) -> float | None:
    """The delta of all tests of this threshold together; None where there is none left for it."""
    if task_type == ALL_TASKS:
        return delta
    tested = types_tested(connection, tier)
    return delta / MOST_TYPES if task_type in tested or len(tested) < MOST_TYPES else None


def _apart(policy: Policy, tier: str) -> list[str]:
    """The task types that have a threshold of their own at this tier."""
    return [task for task, changed in policy.by_task.items() if tier in changed]


def tested_segment(connection: Connection, segment: Segment, rules: RetuneRules) -> Tested:
    """The test of a segment's thresholds on its pairs."""
    pairs = segment.pairs
    errors = (
        judge_errors(connection, segment.tier, judge_version=segment.judge_version)
        if rules.correct_judge
        else None
    )
    choice = choose_threshold(
        pairs.confidences,
        pairs.losses,
        pairs.weights,
        alpha=segment.alpha,
        delta=segment.delta,
        current=segment.current,
        step=rules.step,
        max_weight=pairs.caps,
        judge=errors,
    )
    return Tested(choice, _kept_rate(pairs, segment.current), errors)


def _kept_rate(pairs: BoundaryEvidence, threshold: float) -> Estimate:
    kept = [place for place, c in enumerate(pairs.confidences) if c >= threshold]
    return weighted_rate(
        [pairs.losses[place] for place in kept], [pairs.weights[place] for place in kept]
    )


def record_test(
    connection: Connection, segment: Segment, found: Tested, *, proposed: bool, refused: str
) -> None:
    """Write the test down, with the error budget it spent."""
    add_retune(
        connection,
        segment.tier,
        segment.task_type,
        k=segment.k,
        delta=segment.delta,
        outcomes=segment.pairs.ids,
        result={
            "threshold": found.choice.threshold,
            "certified": found.choice.certified,
            "current": segment.current,
            "kept_rate": asdict(found.kept_now),
            "proposed": proposed,
            "reason": refused or found.choice.reason,
        },
    )


def threshold_proposal(
    connection: Connection,
    segment: Segment,
    found: Tested,
    threshold: float,
    moved: MovedTraffic | None,
) -> NewProposal:
    """The proposal of a threshold, with its evidence."""
    tier, pairs, choice = segment.tier, segment.pairs, found.choice
    costs = MeanCosts(*mean_costs(connection, tier))
    change = predicted_change(
        pairs.confidences,
        pairs.losses,
        pairs.weights,
        current=segment.current,
        proposed=threshold,
        cost_low=costs.lower,
        cost_high=costs.upper,
    )
    return NewProposal(
        tier=tier,
        task_type=segment.task_type,
        from_threshold=segment.current,
        to_threshold=threshold,
        certified=choice.certified,
        base_version=segment.policy.version,
        alert_id=None if segment.alert is None else segment.alert.id,
        pairs=len(pairs.ids),
        predicted=Prediction(change.misroute, change.cost_change, change.kept),
        evidence=ThresholdEvidence(
            alpha=segment.alpha,
            delta=segment.delta,
            k=segment.k,
            judge_version=segment.judge_version,
            first_outcome=pairs.ids[0] if pairs.ids else 0,
            last_outcome=pairs.ids[-1] if pairs.ids else 0,
            kept_now=found.kept_now,
            mean_cost_usd=costs,
            bounds=bounds_of(choice),
            reason=choice.reason,
            judge_errors=found.errors,
            replay=replay_thresholds(
                connection,
                {tier: threshold},
                judge_version=segment.judge_version,
                task_type=segment.task_type,
            )
            if pairs.ids
            else None,
            moved=moved,
            moving=moving(
                connection,
                tier,
                (pairs.confidences, pairs.losses, pairs.weights),
                thresholds=(segment.current, threshold),
                costs=costs,
                tolerated=segment.alpha,
                task_type=segment.task_type,
            ),
        ),
    )


def bounds_of(choice: ThresholdChoice) -> tuple[ThresholdBound, ...]:
    """Every threshold that was tested, with its bound and the pairs behind it."""
    return tuple(
        ThresholdBound(threshold, bound, choice.pairs.get(threshold, 0))
        for threshold, bound in choice.bounds.items()
    )
