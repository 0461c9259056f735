"""Refit: compare what was learned with the model in force, and propose it with its evidence.

A candidate is a copy of the working classifier as it stood at some outcome. It waits until enough
pairs came after that outcome: these neither the candidate nor the model in force has learned from,
while the working classifier goes on learning them. So no pair is lost to testing, and each
comparison is of traffic that was still to come when the candidate was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ArtefactError
from tierwatch.evaluation.models.chances import confidences, most_gain
from tierwatch.evaluation.models.comparison import Comparison, compare_models
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.models.matching import matched_threshold
from tierwatch.evaluation.models.model_change import ModelChange, model_change
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.improve.offsets import with_type_offsets
from tierwatch.loop.improve.rebuild_types import types_in_force
from tierwatch.routing.classify.local import WORDS_FROM, LocalClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import Policy
from tierwatch.store.evidence.logged_decisions import mean_costs
from tierwatch.store.learned.artefacts import add_artefact, artefact_at, load_artefact
from tierwatch.store.learned.judged_pairs import (
    JudgedPair,
    count_judged,
    judged_pairs,
    sessions_until,
)
from tierwatch.store.learned.learners import load_learner, set_candidate
from tierwatch.store.learned.refits import add_refit, last_refit, refits_against
from tierwatch.store.locks import try_lock
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import undecided_proposal

_LOCK = 7_431_207
# The newest of the held-out pairs: two models read 20,000 prompts in three seconds.
_MOST_PAIRS = 20_000
# A candidate that waits for more than this many times the first window is as old as its pairs.
_LONGEST_WAIT = 10
_AUTHOR = "tierwatch"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefitRules:
    """How learned models are proposed.

    Attributes:
        mode: ``propose`` waits for a person; ``auto`` approves what is certified; ``off`` does
            nothing.
        alpha: misroute rate to hold, by tier; boundaries without one are compared all the same.
        delta: chance of ever proposing a model that is no better in place of the same one, and
            of ever certifying a wrong threshold here.
        min_pairs: held-out pairs of the first comparison with a model; the n-th waits for n
            times as many, up to ten times.
        judge_version: whose verdicts count.
        configured: the classifier of each boundary while no model is approved.
    """

    mode: str
    alpha: Mapping[str, float]
    delta: float
    min_pairs: int
    judge_version: str
    configured: Mapping[str, LocalClassifier]


def refit(*, engine: Engine, rules: RefitRules, rollout_share: float) -> int:
    """Take each boundary one step further: make a candidate, or compare the one that waits.

    Returns:
        How many proposals were made.
    """
    if rules.mode == "off":
        return 0
    made = 0
    for boundary in rules.configured:
        with engine.begin() as connection:
            if not try_lock(connection, _LOCK):
                return made
            proposal = _refit_boundary(connection, boundary, rules)
            if proposal is None:
                continue
            made += 1
            if rules.mode == "auto" and proposal.certified:
                approve_proposal(
                    connection,
                    proposal.id,
                    actor="tierwatch (refit.mode: auto)",
                    why="better on held-out pairs, and its threshold is certified",
                    share=rollout_share,
                )
    return made


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate beside the model in force, on pairs neither has learned from.

    ``threshold`` is the candidate's (`_own_threshold`); ``choice`` is the test of all thresholds,
    and None where no misroute rate is to be held.
    """

    comparison: Comparison
    threshold: float
    choice: ThresholdChoice | None
    change: ModelChange

    @property
    def certified(self) -> bool:
        """Whether the threshold is shown to hold the misroute rate."""
        at = None if self.choice is None or not self.choice.certified else self.choice.threshold
        # Strict thresholds are tested first, so all that are stricter than the loosest have passed.
        return at is not None and self.threshold >= at

    @property
    def worth_proposing(self) -> bool:
        """Shown to be better, and not found to keep more misroutes at the same cost."""
        change = self.change.misroute_change
        return self.comparison.better and (change.value is None or change.value <= 0)


def _refit_boundary(connection: Connection, boundary: str, rules: RefitRules) -> Made | None:
    lock_active(connection)
    active = active_policies(connection)
    learner = load_learner(connection, boundary)
    if active is None or learner is None or boundary not in active.stable.thresholds:
        return None
    candidate = None
    if learner.candidate_id is not None:
        candidate = load_artefact(connection, learner.candidate_id)
    if candidate is None:
        _make_candidate(connection, learner, rules.judge_version)
        return None
    # Pairs gather while somebody has a proposal to decide; only the next one waits for that.
    if undecided_proposal(connection, boundary, "all") is not None:
        return None
    incumbent_id = artefact_at(connection, active.stable.classifier, boundary)
    incumbent = load_artefact(connection, incumbent_id) if incumbent_id else None
    # A model put in force meanwhile may have learned pairs the candidate has not.
    after = max(candidate.position, 0 if incumbent is None else incumbent.position)
    tests = refits_against(connection, boundary, incumbent_id)
    needed = rules.min_pairs * min(tests + 1, _LONGEST_WAIT)
    pairs = _held_out(
        connection, boundary, rules, after=after, until=learner.position, needed=needed
    )
    if len(pairs) < needed:
        return None
    try:
        old = rules.configured[boundary] if incumbent is None else _read(incumbent)
        new = _read(candidate)
        above = models_above(connection, boundary, active.stable.classifier, rules)
    except ArtefactError as problem:
        _log.error("refit put off: an artefact cannot be used", boundary=boundary, why=str(problem))
        set_candidate(connection, boundary, None)
        return None
    set_candidate(connection, boundary, None)
    return conclude(
        connection,
        boundary,
        active.stable,
        candidate,
        pairs,
        rules=rules,
        incumbent=old,
        candidate_model=new,
        above=above,
    )[1]


def conclude(
    connection: Connection,
    boundary: str,
    stable: Policy,
    candidate: Any,
    pairs: Sequence[JudgedPair],
    *,
    rules: RefitRules,
    incumbent: LocalClassifier,
    candidate_model: LocalClassifier,
    above: Sequence[LocalClassifier] = (),
    tried: int = 1,
) -> tuple[Trial, Made | None]:
    """Compare a candidate with the model in force, keep what was found, propose it if worth it.

    Args:
        connection: in the caller's transaction, the active row locked.
        boundary: the lower tier.
        stable: the policy in force.
        candidate: the artefact's row.
        pairs: held out, in order.
        rules: how models are proposed.
        incumbent: the model in force, read.
        candidate_model: the candidate, read.
        above: the models in force at the boundaries above, read, cheapest first.
        tried: candidates this one was chosen from with these pairs; delta is shared by them.
    """
    incumbent_id = artefact_at(connection, stable.classifier, boundary)
    last = last_refit(connection, boundary)
    k = 0 if last is None else last.k + 1
    tests = refits_against(connection, boundary, incumbent_id)
    certify_delta = spent_delta(rules.delta, k) / tried
    in_force = types_in_force(connection)
    types = None if in_force is None else in_force[0]
    trial = try_model(
        pairs,
        incumbent,
        candidate_model,
        threshold=stable.threshold(boundary),
        costs=mean_costs(connection, boundary),
        alpha=rules.alpha.get(boundary),
        delta=spent_delta(rules.delta, tests) / tried,
        certify_delta=certify_delta,
        above=above,
        types=types,
    )
    window = {
        "first_position": pairs[0].position if pairs else 0,
        "last_position": pairs[-1].position if pairs else 0,
    }
    add_refit(
        connection,
        boundary=boundary,
        k=k,
        incumbent_id=incumbent_id,
        candidate_id=candidate.id,
        pairs=len(pairs),
        result=trial_document(trial) | {"proposed": trial.worth_proposing},
        **window,
    )
    if not trial.worth_proposing:
        return trial, None
    made = propose_model(
        connection,
        boundary,
        stable,
        candidate,
        trial,
        extra={
            "judge_version": rules.judge_version,
            "alpha": rules.alpha.get(boundary),
            "delta": certify_delta,
            "k": k,
            "incumbent_id": incumbent_id,
            "incumbent_pairs": incumbent.pairs,
            "type_offsets": {
                "types_version": 0 if types is None else types.version,
                "by_type": dict(candidate_model.offsets_under(types)),
            },
            **window,
        },
    )
    return trial, made


def models_above(
    connection: Connection, boundary: str, version: int, rules: RefitRules
) -> list[LocalClassifier]:
    """The models in force at the boundaries above this one, cheapest first.

    Raises:
        ArtefactError: one cannot be read.
    """
    names = list(rules.configured)
    found = []
    for name in names[names.index(boundary) + 1 :]:
        artefact_id = artefact_at(connection, version, name)
        artefact = load_artefact(connection, artefact_id) if artefact_id else None
        found.append(rules.configured[name] if artefact is None else _read(artefact))
    return found


def _read(artefact: Any) -> LocalClassifier:
    return LocalClassifier.from_bytes(artefact.artefact)


def _make_candidate(connection: Connection, learner: Any, judge_version: str) -> None:
    if learner.pairs == 0:
        return
    candidate_id = add_artefact(
        connection,
        learner.boundary,
        artefact=with_type_offsets(connection, learner, judge_version=judge_version),
        pairs=learner.pairs,
        position=learner.position,
        author=_AUTHOR,
    )
    set_candidate(connection, learner.boundary, candidate_id)


def _held_out(
    connection: Connection, boundary: str, rules: RefitRules, *, after: int, until: int, needed: int
) -> list[JudgedPair]:
    """Pairs with their text that came after an outcome, of conversations that began after it.

    Nothing is read while there cannot be enough of them.
    """
    window: dict[str, Any] = {
        "judge_version": rules.judge_version,
        "after": after,
        "until": until,
    }
    if count_judged(connection, boundary, **window) < needed:
        return []
    pairs = judged_pairs(connection, boundary, **window, limit=_MOST_PAIRS, newest=True)
    begun_before = sessions_until(connection, [pair.session for pair in pairs], after)
    return [pair for pair in pairs if pair.text is not None and pair.session not in begun_before]


def try_model(
    pairs: Sequence[JudgedPair],
    incumbent: LocalClassifier,
    candidate: LocalClassifier,
    *,
    threshold: float,
    costs: tuple[float, float],
    alpha: float | None,
    delta: float,
    certify_delta: float,
    above: Sequence[LocalClassifier] = (),
    types: TaskTypes | None = None,
) -> Trial:
    """Compare two models on held-out pairs, and find the candidate's threshold.

    Confidences of two models are not comparable, so the candidate needs a threshold of its own:
    see `_own_threshold`. `choose_threshold` tests the whole range on the held-out pairs.

    Args:
        pairs: held out, with text.
        incumbent: the model in force.
        candidate: the other.
        threshold: in force.
        costs: mean USD of an answer of the lower and of the higher tier.
        alpha: misroute rate to certify; None for none.
        delta: of the comparison.
        certify_delta: of the certificate.
        above: the models in force at the boundaries above, cheapest first: a tier's confidence
            counts every way up.
        types: in force; each model is measured with the offsets it has for them.
    """
    texts = [pair.text or "" for pair in pairs]
    weights = [1 / pair.pi for pair in pairs]
    held_out = HeldOut([pair.verdict for pair in pairs], weights, [p.session for p in pairs])
    old = np.array([incumbent.predict(text, types) for text in texts]).reshape(-1, 2)
    new = np.array([candidate.predict(text, types) for text in texts]).reshape(-1, 2)
    gains_above = np.zeros(len(texts))
    for model in reversed(above):
        chances = np.array([model.predict(text, types) for text in texts]).reshape(-1, 2)
        gains_above = most_gain(chances, gains_above)
    c_old, c_new = confidences(old, gains_above), confidences(new, gains_above)
    matched = matched_threshold(c_old, c_new, weights, threshold)
    choice = None
    if alpha is not None and pairs:
        choice = choose_threshold(
            c_new,
            [pair.loss for pair in pairs],
            weights,
            alpha=alpha,
            delta=certify_delta,
            current=matched,
            step=1.0,
        )
    then = _own_threshold(
        pairs, c_new, matched, alpha, choice, untrained=incumbent.pairs < WORDS_FROM
    )
    return Trial(
        comparison=compare_models(held_out, old, new, delta=delta),
        threshold=then,
        choice=choice,
        change=model_change(
            held_out,
            c_old >= threshold,
            c_new >= then,
            cost_low=costs[0],
            cost_high=costs[1],
        ),
    )


def _own_threshold(
    pairs: Sequence[JudgedPair],
    confidence: Floats,
    matched: float,
    alpha: float | None,
    choice: ThresholdChoice | None,
    *,
    untrained: bool,
) -> float:
    """The candidate's threshold.

    The one at which it keeps the incumbent's share of the traffic, so that the cost stays and what
    is kept changes. But where it would still misroute more than alpha there, and a stricter one is
    certified: that one. An untrained incumbent's
    share says nothing, since it trusts no cheap tier: what is certified is taken as it is.
    """
    if alpha is None or choice is None or not choice.certified or choice.threshold is None:
        return matched
    if untrained:
        return choice.threshold
    kept = [pair for pair, c in zip(pairs, confidence, strict=True) if c >= matched]
    rate = weighted_rate([pair.loss for pair in kept], [1 / pair.pi for pair in kept])
    above = rate.value is not None and rate.value > alpha
    return max(matched, choice.threshold) if above else matched


def propose_model(
    connection: Connection,
    boundary: str,
    stable: Policy,
    candidate: Any,
    trial: Trial,
    *,
    extra: Mapping[str, Any],
) -> Made | None:
    """Propose an artefact; None when the tier has a proposal that is not finished.

    Args:
        connection: in the caller's transaction, the active row locked.
        boundary: the lower tier.
        stable: the policy in force.
        candidate: the artefact's row.
        trial: what it did on held-out pairs.
        extra: further evidence.
    """
    current = stable.threshold(boundary)
    choice = trial.choice
    direction = "keep" if trial.threshold == current else "raise"
    return propose(
        connection,
        kind="model",
        artefact_id=candidate.id,
        tier=boundary,
        task_type="all",
        from_threshold=current,
        to_threshold=trial.threshold,
        direction="lower" if trial.threshold < current else direction,
        certified=trial.certified,
        base_version=stable.version,
        alert_id=None,
        pairs=trial.comparison.pairs,
        predicted={
            "misroute": asdict(trial.change.misroute),
            "cost_change": asdict(trial.change.cost_change),
            "kept": asdict(trial.change.kept),
        },
        evidence=trial_document(trial)
        | {
            "candidate_pairs": candidate.pairs,
            "candidate_position": candidate.position,
            "candidate_author": candidate.author,
            "reason": "" if choice is None else choice.reason,
            "bounds": []
            if choice is None
            else [
                {"threshold": at, "bound": bound, "pairs": choice.pairs.get(at, 0)}
                for at, bound in choice.bounds.items()
            ],
        }
        | dict(extra),
    )


def trial_document(trial: Trial) -> dict[str, Any]:
    """A trial as JSON."""
    comparison, change = trial.comparison, trial.change
    return {
        "held_out": {"pairs": comparison.pairs, "conversations": comparison.conversations},
        "log_loss": _both(comparison.log_loss) | {"gain": asdict(comparison.log_loss_gain)},
        "apgr": _both(comparison.apgr) | {"gain": asdict(comparison.apgr_gain)},
        "kept_now": asdict(change.misroute_now),
        "misroute_change": asdict(change.misroute_change),
        "threshold": trial.threshold,
    }


def _both(values: tuple[float, float] | None) -> dict[str, float | None]:
    old, new = (None, None) if values is None else values
    return {"incumbent": old, "candidate": new}
