"""How learned models are proposed."""

from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.routing.classify.local import LocalClassifier


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
