"""Objective: test all tiers' thresholds together against the share of quality that is to be kept.

What is lost adds up over boundaries, so under an objective no tier has a tolerance by which its
threshold could be certified alone. One test looks at all of them and proposes at most one step.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.moves import JointChoice, Move, next_move
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import served_rates, total_loss
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.prediction import predicted_change
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.approve import expire_proposal, expire_untested, promised_rate
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.improve.replay_policy import replay_document, replay_thresholds
from tierwatch.routing.policy import ALL_TASKS, Policy
from tierwatch.store.alerts import misroute_alert
from tierwatch.store.evidence.boundary_evidence import routed_evidence
from tierwatch.store.evidence.logged_decisions import mean_costs
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import (
    UNDECIDED,
    add_retune,
    last_retune,
    proposals_in,
)

# What stands for the tier where all are tested.
EVERY_TIER: Final = "*"
# The report reads pairs at every look: so many take a tenth of a second.
_REPORTED_PAIRS = 5_000


@dataclass(frozen=True, slots=True)
class Objective:
    """What all tiers together are to keep.

    Attributes:
        quality: share of the top tier's quality, in (0, 1).
        tiers: every tier but the top one, cheapest first.
        top: the top tier.
    """

    quality: float
    tiers: Sequence[str]
    top: str


def objective_of(config: Config) -> Objective | None:
    """What a configuration asks of all tiers together; None where each has its tolerance."""
    asked = config.evaluation.objective
    if asked is None:
        return None
    *tiers, top = (tier.name for tier in config.tiers)
    return Objective(asked.quality, tiers, top)


def retune_jointly(
    connection: Connection,
    objective: Objective,
    *,
    delta: float,
    step: float,
    min_pairs: int,
    every_s: float,
    judge_version: str,
) -> Made | None:
    """Test all tiers once, if there is enough new evidence and nothing is undecided.

    Of the moves that save, the one that saves most is proposed; it is always certified. Where more
    than the objective allows is lost, a raise is: a certified one when that is estimated, another
    when it is shown or an alert is open. Where no tier is known to be dearer than the one below it,
    nothing could be saved and nothing is tested, unless an alert is open.

    Args:
        connection: in a transaction; the active policy stays locked.
        objective: what is to be kept.
        delta: chance of ever certifying a policy that loses more, over all tests.
        step: how far one proposal may move a threshold.
        min_pairs: new pairs, of all tiers, since the last test.
        every_s: seconds between two tests, unless an alert was opened in between.
        judge_version: whose verdicts.
    """
    lock_active(connection)
    active = active_policies(connection)
    if active is None:
        return None
    expire_untested(connection, objective.quality)
    alerts = _alerts(connection, objective.tiers)
    if not _way_is_free(connection, alerts):
        return None
    last = last_retune(connection, EVERY_TIER, ALL_TASKS)
    if last is not None and not any(due(last, one, every_s) for one in (None, *alerts.values())):
        return None
    policy = active.stable
    found = routed_evidence(
        connection,
        objective.tiers,
        objective.top,
        judge_version=judge_version,
        classifier=policy.classifier,
        # With an alert open, what came before the change is another regime and would flatter.
        after_outcome=max(
            (int(alert.evidence["first_outcome"]) - 1 for alert in alerts.values()), default=0
        ),
        apart=policy.by_task,
    )
    seen = 0 if last is None else last.last_outcome
    costs = {tier: mean_costs(connection, tier) for tier in objective.tiers}
    steps_usd = [upper - lower for lower, upper in costs.values()]
    saves_nothing = max(steps_usd) <= 0 and not alerts
    if saves_nothing or sum(1 for outcome_id in found.ids if outcome_id > seen) < min_pairs:
        return None
    k = 0 if last is None else last.k + 1
    spent = spent_delta(delta, k)
    choice = choose_jointly(
        found.pairs,
        current=[policy.threshold(tier) for tier in objective.tiers],
        steps_usd=steps_usd,
        quality=objective.quality,
        delta=spent,
        step=step,
    )
    move = next_move(choice, alerted=[objective.tiers.index(tier) for tier in alerts])
    add_retune(
        connection,
        tier=EVERY_TIER,
        task_type=ALL_TASKS,
        k=k,
        delta=spent,
        first_outcome=found.ids[0],
        last_outcome=found.ids[-1],
        pairs=len(found.ids),
        result={
            "quality": objective.quality,
            "loss_now": _estimate(choice.now),
            "bound_now": choice.bound,
            "allowed": choice.allowed,
            "target": dict(zip(objective.tiers, choice.target, strict=True)),
            "proposed": move is not None,
        },
    )
    if move is None:
        return None
    tier = objective.tiers[move.place]
    alert = alerts.get(tier)
    return _propose(
        connection,
        objective,
        policy,
        choice,
        move,
        pairs=found.pairs,
        costs=costs[tier],
        alert_id=None if alert is None else alert.id,
        evidence={
            "delta": spent,
            "k": k,
            "judge_version": judge_version,
            "first_outcome": found.ids[0],
            "last_outcome": found.ids[-1],
            "replay": replay_document(
                replay_thresholds(connection, {tier: move.threshold}, judge_version=judge_version)
            ),
        },
    )


def _propose(
    connection: Connection,
    objective: Objective,
    policy: Policy,
    choice: JointChoice,
    move: Move,
    *,
    pairs: RoutedPairs,
    costs: tuple[float, float],
    alert_id: int | None,
    evidence: Mapping[str, Any],
) -> Made | None:
    tiers = objective.tiers
    tier, place = tiers[move.place], move.place
    current = policy.threshold(tier)
    now = [policy.threshold(name) for name in tiers]
    then = [*now[:place], move.threshold, *now[place + 1 :]]
    rates_now, rates = served_rates(pairs, now), served_rates(pairs, then)
    judged = np.asarray(pairs.boundaries) == place
    gains = np.asarray(pairs.gains)[judged]
    confidences = np.asarray(pairs.confidences)[judged, place]
    change = predicted_change(
        confidences,
        np.maximum(gains, 0),
        np.asarray(pairs.weights)[judged],
        current=current,
        proposed=move.threshold,
        cost_low=costs[0],
        cost_high=costs[1],
    )
    told = {
        "quality": objective.quality,
        "top": objective.top,
        "allowed": choice.allowed,
        "loss_now": _estimate(choice.now),
        "loss_then": _estimate(move.loss),
        "bound_then": move.bound,
        "certified": move.certified,
        "kept_now": dict(zip(tiers, choice.kept, strict=True)),
        "kept_then": dict(zip(tiers, move.kept, strict=True)),
        "saved_usd_per_request": move.saved_usd,
        "target": dict(zip(tiers, choice.target, strict=True)),
    }
    return propose(
        connection,
        tier=tier,
        task_type=ALL_TASKS,
        from_threshold=current,
        to_threshold=move.threshold,
        direction="lower" if move.threshold < current else "raise",
        certified=move.certified,
        base_version=policy.version,
        alert_id=alert_id,
        pairs=len(gains),
        predicted={
            "misroute": asdict(rates[place]),
            "cost_change": asdict(change.cost_change),
            "kept": asdict(change.kept),
        },
        evidence={
            **evidence,
            "alpha": None,
            "objective": told,
            "promised": {
                name: high
                for name, rate in zip(tiers, rates, strict=True)
                if (high := promised_rate(asdict(rate))) is not None
            },
            "kept_now": asdict(rates_now[place]),
            "reason": objective_sentence(told),
            "mean_cost_usd": {"lower": costs[0], "upper": costs[1]},
            "bounds": [
                {
                    "threshold": threshold,
                    "bound": bound,
                    "pairs": int((confidences >= threshold).sum()),
                }
                for threshold, bound in move.bounds.items()
            ],
        },
    )


def objective_sentence(told: Mapping[str, Any]) -> str:
    """What a proposal under an objective does, in one sentence.

    >>> objective_sentence({"quality": .95, "top": "complex", "allowed": .05, "certified": True,
    ...     "loss_now": {"value": .031}, "loss_then": {"value": .04}, "bound_then": .048})
    "Keeps 95 % of complex's quality: loses 3.1 % now, at most 4.8 % then (allowed 5.0 %)"
    """
    keeps = f"{100 * told['quality']:g} % of {told['top']}'s quality"
    now, then = percent(told["loss_now"]["value"]), percent(told["loss_then"]["value"])
    allowed = f"(allowed {percent(told['allowed'])})"
    most = percent(told["bound_then"])
    if told["certified"]:
        return f"Keeps {keeps}: loses {now} now, at most {most} then {allowed}"
    return (
        f"Not shown to keep {keeps}: loses {now} now, {then} then by estimate and at most {most}"
        f" {allowed}"
    )


def quality_kept(
    connection: Connection, objective: Objective, policy: Policy, *, judge_version: str
) -> Estimate:
    """Share of the top tier's quality that a policy keeps, by the newest pairs: 1 - total loss.

    Of requests that the router decides about: not those pinned or held at a tier, nor the cache's.
    Above 1 where cheaper answers are better more often than worse.
    """
    found = routed_evidence(
        connection,
        objective.tiers,
        objective.top,
        judge_version=judge_version,
        classifier=policy.classifier,
        apart=policy.by_task,
        limit=_REPORTED_PAIRS,
    )
    if not found.ids:
        return Estimate(None, 0.0, 1.0, 0, "no data")
    lost = total_loss(found.pairs, [policy.threshold(tier) for tier in objective.tiers])
    value = None if lost.value is None else 1 - lost.value
    return Estimate(value, 1 - lost.high, 1 - lost.low, lost.n, f"judge's view, {lost.method}")


def due(last: Any, alert: Any, every_s: float) -> bool:
    """Whether it is time for another test: tests cost error budget, an alert is worth one."""
    if alert is not None and alert.opened_at > last.created_at:
        return True
    return bool(last.created_at <= dt.datetime.now(dt.UTC) - dt.timedelta(seconds=every_s))


def _way_is_free(connection: Connection, alerts: Mapping[str, Any]) -> bool:
    """Whether nothing undecided stands in the way of a test.

    With an open alert, what is open on other tiers gives way: a raise expires, and a model goes on
    waiting beside what is proposed out of the alert.
    """
    free = True
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if not alerts or proposal.tier in alerts or proposal.state != "open":
            free = False
        elif proposal.kind == "threshold":
            expire_proposal(connection, proposal, why="an alert is open on another tier")
    return free


def _alerts(connection: Connection, tiers: Sequence[str]) -> dict[str, Any]:
    """Unresolved misroute alerts by tier."""
    found = {tier: misroute_alert(connection, tier, ALL_TASKS) for tier in tiers}
    return {tier: alert for tier, alert in found.items() if alert is not None}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON; an end without a bound is None."""
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in asdict(estimate).items()
    }
