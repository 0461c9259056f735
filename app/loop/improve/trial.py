"""Trial: a candidate beside the model that decides now, on pairs neither has learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.models.chances import confidences, most_gain
from tierwatch.evaluation.models.comparison import Comparison, compare_models
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.models.matching import matched_threshold
from tierwatch.evaluation.models.model_change import ModelChange, model_change
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.routing.classify.local import WORDS_FROM, LocalClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.store.learned.judged_pairs import JudgedPair


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate beside the model that decides now, on pairs neither has learned from.

    ``threshold`` is the candidate's (`own_threshold`); ``choice`` is the test of all thresholds,
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
    max_weight: float | None = None,
) -> Trial:
    """Compare two models on held-out pairs, and find the candidate's threshold.

    Confidences of two models are not comparable, so the candidate needs a threshold of its own:
    see `own_threshold`. `choose_threshold` tests the whole range on the held-out pairs.

    Args:
        pairs: held out, with text.
        incumbent: the model that decides now.
        candidate: the other.
        threshold: the active one.
        costs: mean USD of an answer of the lower and of the higher tier.
        alpha: misroute rate to certify; None for none.
        delta: of the comparison.
        certify_delta: of the certificate.
        above: the models that decide at the boundaries above, cheapest first: a tier's confidence
            counts every way up.
        types: the active ones; each model is measured with the offsets it has for them.
        max_weight: the largest weight that a pair may have had, as `choose_threshold` takes it.
    """
    texts = [pair.text or "" for pair in pairs]
    weights = [1 / pair.pi for pair in pairs]
    held_out = HeldOut([pair.verdict for pair in pairs], weights, [p.session for p in pairs])
    old, new = (_chances(model, texts, types) for model in (incumbent, candidate))
    gains_above = np.zeros(len(texts))
    for model in reversed(above):
        gains_above = most_gain(_chances(model, texts, types), gains_above)
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
            max_weight=max_weight,
        )
    then = own_threshold(
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


def _chances(model: LocalClassifier, texts: Sequence[str], types: TaskTypes | None) -> Floats:
    """What a model says of each prompt: shape (n, 2)."""
    return np.array([model.predict(text, types) for text in texts]).reshape(-1, 2)


def own_threshold(
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
    certified: that one. An untrained incumbent's share says nothing, since it trusts no cheap tier:
    what is certified is taken as it is.
    """
    if alpha is None or choice is None or not choice.certified or choice.threshold is None:
        return matched
    if untrained:
        return choice.threshold
    kept = [pair for pair, c in zip(pairs, confidence, strict=True) if c >= matched]
    rate = weighted_rate([pair.loss for pair in kept], [1 / pair.pi for pair in kept])
    above = rate.value is not None and rate.value > alpha
    return max(matched, choice.threshold) if above else matched
