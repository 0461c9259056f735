"""Cohen's kappa of three verdicts: agreement beyond what chance would give."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tierwatch.evaluation.rates.estimate import Estimate, unknown

Verdict = Literal["worse", "tie", "better"]
VERDICTS: tuple[Verdict, ...] = ("worse", "tie", "better")
# What a judge may say beside them; no truth is that, so it never agrees.
SAID = (*VERDICTS, "inconclusive")
# One pair spread evenly over the nine cells of kappa's table.
_SMOOTHING = 1 / 9


def kappa(pairs: Sequence[tuple[str, str]], level: float) -> Estimate:
    """Cohen's kappa of three verdicts, with the delta method's interval.

    With observed agreement ``a`` and agreement by chance ``e = sum of p_k q_k``, p and q being the
    shares of verdict k by judge and truth,

        kappa = (a - e) / (1 - e)

    (Cohen 1960), with the variance of Fleiss, Cohen and Everitt (1969) from the table with a ninth
    of a pair added to each cell, so that a perfect table is not certain of itself. See
    docs/statistics.md, "The judge".

    Args:
        pairs: (verdict of the judge, true verdict), of `SAID` and of `VERDICTS`.
        level: of the interval.

    >>> pairs = [("worse", "worse"), ("tie", "tie"), ("worse", "tie"), ("better", "better")]
    >>> round(kappa(pairs, .95).value, 3)         # a = .75, e = .125 + .125 + .0625
    0.636
    """
    # A fourth row and column only where they are needed: the ninths are of a table of nine.
    kinds = len(SAID) if any(said == SAID[-1] for said, _ in pairs) else len(VERDICTS)
    table = np.zeros((kinds, kinds))
    for said, known in pairs:
        table[SAID.index(said), VERDICTS.index(known)] += 1
    value, _ = _kappa_of(table)
    if value is None:
        return unknown("no pairs, or one verdict throughout: chance agrees as well", low=-1.0)
    centre, error = _kappa_of(table + _SMOOTHING)
    z = float(special.ndtri((1 + level) / 2))
    low, high = (centre or 0.0) - z * error, (centre or 0.0) + z * error
    return Estimate(
        value,
        max(-1.0, min(value, low)),
        min(1.0, max(value, high)),
        len(pairs),
        "Cohen's kappa of three verdicts, delta method",
    )


def _kappa_of(table: NDArray[np.float64]) -> tuple[float | None, float]:
    """Kappa of a table of counts and its standard error; None where chance agrees fully."""
    n = float(table.sum())
    if n == 0:
        return None, 0.0
    share = table / n
    judge, truth = share.sum(axis=1), share.sum(axis=0)
    agreed, chance = float(np.trace(share)), float(judge @ truth)
    if math.isclose(chance, 1.0):
        return None, 0.0
    # What one more pair in a cell would move: the influence function, squared and averaged.
    on_agreed = np.eye(len(share)) - agreed
    on_chance = truth[:, None] + judge[None, :] - 2 * chance
    influence = on_agreed / (1 - chance) - on_chance * (1 - agreed) / (1 - chance) ** 2
    variance = float((share * influence**2).sum()) / n
    return (agreed - chance) / (1 - chance), math.sqrt(variance)
