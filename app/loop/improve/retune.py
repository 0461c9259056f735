"""Retune: look for a better threshold in the outcomes, and propose it with its evidence."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.evaluation.thresholds.prediction import PredictedChange, predicted_change
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.approve import approve_proposal, expire_untested
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.improve.objective import Objective, due, retune_jointly
from tierwatch.loop.improve.replay_policy import replay_document, replay_thresholds
from tierwatch.routing.classify.task_types import MOST_TYPES
from tierwatch.routing.policy import ALL_TASKS, Policy
from tierwatch.store.alerts import misroute_alert
from tierwatch.store.audit import add_audit
from tierwatch.store.evidence.boundary_evidence import BoundaryEvidence, boundary_evidence
from tierwatch.store.evidence.labels import judge_errors
from tierwatch.store.evidence.logged_decisions import mean_costs
from tierwatch.store.learned.artefacts import artefact_at
from tierwatch.store.learned.type_versions import active_names
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import (
    add_retune,
    expire_proposals,
    last_retune,
    tested_types,
    undecided_proposal,
)


@dataclass(frozen=True, slots=True)
class RetuneRules:
    """How thresholds are looked for.

    Attributes:
        mode: ``propose`` waits for a person; ``auto`` approves certified proposals itself;
            ``off`` does nothing.
        alpha: misroute rate to hold, by tier; only these tiers are tuned.
        delta: chance of ever certifying a wrong threshold, over all retunes of a tier; and once
            more over all retunes of the thresholds that its task types have of their own.
        step: how far one proposal may move a threshold.
        min_pairs: new pairs a tier must have gathered since it was last tested.
        every_s: seconds between two tests of a tier, unless an alert was opened in between.
        correct_judge: certify against people's labels of the judge's verdicts, instead of taking
            the verdicts as they are.
        objective: tests all tiers together against it, each having no alpha of its own then.
    """

    mode: str
    alpha: Mapping[str, float]
    delta: float
    step: float
    min_pairs: int
    every_s: float
    correct_judge: bool = False
    objective: Objective | None = None


def retune(*, engine: Engine, rules: RetuneRules, judge_version: str, rollout_share: float) -> int:
    """Test each tier's threshold once, if it has gathered enough new evidence.

    Then likewise that of each task type in force, on outcomes of requests that were given the type
    when they were decided. Types are built of pairs whose losses they were chosen by; those pairs
    would flatter them, and they have no type yet. What has a threshold of its own no longer speaks
    for the tier's.

    Each test spends part of the tier's delta (`spent_delta`), whatever comes of it. The types of a
    tier share a delta of their own in twenty equal parts, one for each that is ever tested; further
    ones go by the tier's threshold.

    Under an objective all tiers are tested together instead, and types only as part of them: what
    is lost adds up, so no threshold can be judged by itself. There is at most one undecided
    proposal then, for each changes what the next would be tested against.

    Returns:
        How many proposals were made.
    """
    if rules.mode == "off":
        return 0
    if rules.objective is not None:
        test = partial(
            retune_jointly,
            objective=rules.objective,
            delta=rules.delta,
            step=rules.step,
            min_pairs=rules.min_pairs,
            every_s=rules.every_s,
            judge_version=judge_version,
        )
        return _run(test, engine, rules.mode, rollout_share)
    with engine.begin() as connection:
        expire_untested(connection, None)
        types = active_names(connection)
    return sum(
        _run(
            partial(
                _retune_segment,
                tier=tier,
                task_type=task_type,
                rules=rules,
                judge_version=judge_version,
            ),
            engine,
            rules.mode,
            rollout_share,
        )
        for tier, task_type in product(rules.alpha, (ALL_TASKS, *types))
    )


def _run(
    test: Callable[[Connection], Made | None], engine: Engine, mode: str, rollout_share: float
) -> int:
    """Run one test in a transaction, and in mode ``auto`` approve what it certified."""
    with engine.begin() as connection:
        lock_active(connection)  # before proposals: approving takes both in this order
        for expired in expire_proposals(connection):
            add_audit(
                connection,
                actor="tierwatch",
                action="proposal.expired",
                subject=f"proposal/{expired}",
            )
        proposal = test(connection)
        if proposal is not None and mode == "auto" and proposal.certified:
            approve_proposal(
                connection,
                proposal.id,
                actor="tierwatch (retune.mode: auto)",
                why="certified and within one step",
                share=rollout_share,
            )
    return int(proposal is not None)


def _retune_segment(
    connection: Connection, tier: str, task_type: str, rules: RetuneRules, judge_version: str
) -> Made | None:
    """Test one threshold; the active policy stays locked so that a rollback cannot slip in."""
    lock_active(connection)
    active = active_policies(connection)
    whole = _whole_delta(connection, tier, task_type, rules.delta)
    if active is None or whole is None or undecided_proposal(connection, tier, task_type):
        return None
    alert = misroute_alert(connection, tier, task_type)
    last = last_retune(connection, tier, task_type)
    if last is not None and not due(last, alert, rules.every_s):
        return None
    # With an alert open, what came before the change is another regime and would flatter.
    regime = int(alert.evidence["first_outcome"]) - 1 if alert is not None else 0
    evidence = boundary_evidence(
        connection,
        tier,
        judge_version=judge_version,
        artefact_id=artefact_at(connection, active.stable.classifier, tier),
        after_outcome=regime,
        task_type=None if task_type == ALL_TASKS else task_type,
        without=_apart(active.stable, tier) if task_type == ALL_TASKS else (),
    )
    seen = 0 if last is None else last.last_outcome
    fresh = sum(1 for outcome_id in evidence.ids if outcome_id > seen)
    if fresh < rules.min_pairs:
        return None
    k = 0 if last is None else last.k + 1
    delta = spent_delta(whole, k)
    alpha = rules.alpha[tier]
    current = active.stable.threshold(tier, task_type)
    errors = (
        judge_errors(connection, tier, judge_version=judge_version) if rules.correct_judge else None
    )
    choice = choose_threshold(
        evidence.confidences,
        evidence.losses,
        evidence.weights,
        alpha=alpha,
        delta=delta,
        current=current,
        step=rules.step,
        judge=errors,
    )
    kept_now = _kept_rate(evidence, current)
    worth = _worth_proposing(choice, kept_now, alpha, alerted=alert is not None)
    add_retune(
        connection,
        tier=tier,
        task_type=task_type,
        k=k,
        delta=delta,
        first_outcome=evidence.ids[0],
        last_outcome=evidence.ids[-1],
        pairs=len(evidence.ids),
        result={
            "threshold": choice.threshold,
            "certified": choice.certified,
            "current": current,
            "kept_rate": asdict(kept_now),
            "proposed": worth,
            "reason": choice.reason,
        },
    )
    if not worth or choice.threshold is None:
        return None
    lower, upper = mean_costs(connection, tier)
    change = predicted_change(
        evidence.confidences,
        evidence.losses,
        evidence.weights,
        current=current,
        proposed=choice.threshold,
        cost_low=lower,
        cost_high=upper,
    )
    return propose(
        connection,
        tier=tier,
        task_type=task_type,
        from_threshold=current,
        to_threshold=choice.threshold,
        direction=choice.direction,
        certified=choice.certified,
        base_version=active.stable.version,
        alert_id=None if alert is None else alert.id,
        pairs=len(evidence.ids),
        predicted=_predicted(change),
        evidence={
            "alpha": alpha,
            "delta": delta,
            "k": k,
            "judge_version": judge_version,
            "first_outcome": evidence.ids[0],
            "last_outcome": evidence.ids[-1],
            "kept_now": asdict(kept_now),
            "reason": choice.reason,
            "judge_errors": None if errors is None else asdict(errors),
            "mean_cost_usd": {"lower": lower, "upper": upper},
            "replay": replay_document(
                replay_thresholds(
                    connection,
                    {tier: choice.threshold},
                    judge_version=judge_version,
                    task_type=task_type,
                )
            ),
            "bounds": [
                {"threshold": candidate, "bound": bound, "pairs": choice.pairs.get(candidate, 0)}
                for candidate, bound in choice.bounds.items()
            ],
        },
    )


def _whole_delta(connection: Connection, tier: str, task_type: str, delta: float) -> float | None:
    """The delta of all tests of this threshold together; None where there is none left for it."""
    if task_type == ALL_TASKS:
        return delta
    tested = tested_types(connection, tier)
    return delta / MOST_TYPES if task_type in tested or len(tested) < MOST_TYPES else None


def _apart(policy: Policy, tier: str) -> list[str]:
    """The task types that have a threshold of their own at this tier."""
    return [task for task, changed in policy.by_task.items() if tier in changed]


def _worth_proposing(
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


def _kept_rate(evidence: BoundaryEvidence, threshold: float) -> Estimate:
    kept = [place for place, c in enumerate(evidence.confidences) if c >= threshold]
    return weighted_rate(
        [evidence.losses[place] for place in kept], [evidence.weights[place] for place in kept]
    )


def _predicted(change: PredictedChange) -> dict[str, Any]:
    return {
        name: asdict(estimate)
        for name, estimate in (
            ("misroute", change.misroute),
            ("cost_change", change.cost_change),
            ("kept", change.kept),
        )
    }
