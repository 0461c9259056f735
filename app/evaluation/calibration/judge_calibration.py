"""How far may a judge be believed, by human labels and by anchors of known verdict?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.calibration.kappa import SAID, VERDICTS, kappa
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.estimate import Estimate, unknown

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class JudgeCalibration:
    """What a judge version is worth; every rate with its interval.

    Attributes:
        sensitivity: share of truly worse pairs that it calls worse.
        specificity: share of truly not worse pairs that it does not call worse.
        agreement: share of pairs with the same verdict of three.
        kappa: Cohen's, of three verdicts; 0 is chance, 1 is always the same.
        position_consistency: share of pairs with the same verdict in both orders.
        length_preference: among true ties with answers of unequal length, share of the judge's
            non-tie verdicts that go to the longer one; 0.5 is none.
        n: pairs of known verdict.
        errors: counts of truly worse and truly not worse pairs, as `choose_threshold` takes them.
    """

    sensitivity: Estimate
    specificity: Estimate
    agreement: Estimate
    kappa: Estimate
    position_consistency: Estimate
    length_preference: Estimate
    n: int
    errors: JudgeErrors


def calibrate(
    judged: Sequence[str] | NDArray[np.str_],
    truth: Sequence[str] | NDArray[np.str_],
    *,
    orders_agree: Sequence[bool | None] | None = None,
    longer: Sequence[str] | None = None,
    level: float = 0.95,
) -> JudgeCalibration:
    """Measure one judge version against verdicts that are known.

    Shares have `clopper_pearson` intervals; agreement beyond chance is `kappa`.

    Not guaranteed: that gold pairs are like the traffic; anchors are harder. Unscored pairs are to
    be left out, and then the figures hold for pairs the judge can read. Labels by one person carry
    that person's errors. A human label must not have been chosen by the judge's verdict beyond what
    was sampled at random, or sensitivity is flattered. See docs/statistics.md, "The judge".

    Args:
        judged: "worse", "tie" or "better", of the served answer, or "inconclusive", which is no
            word at all: it agrees with nothing, and accuses nobody; shape (n,).
        truth: the known verdicts, likewise.
        orders_agree: whether both orders gave the same verdict; None where not both were read.
        longer: "served", "alternative" or "tie", the answer with more characters.
        level: of each two-sided interval.

    Raises:
        EvidenceError: lengths differ, other values, or a level outside (0, 1).

    >>> found = calibrate(["worse", "tie", "worse", "better"], ["worse", "tie", "tie", "better"])
    >>> found.sensitivity.value, round(found.specificity.value, 3), found.agreement.value
    (1.0, 0.667, 0.75)
    """
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    n = len(judged)
    said = _checked(judged, "judged verdicts", SAID, n)
    true = _checked(truth, "true verdicts", VERDICTS, n)
    unknown_orders: Sequence[bool | None] = [None] * n
    given = unknown_orders if orders_agree is None else orders_agree
    agree = _checked(given, "order agreements", (True, False, None), n)
    sides = ("served", "alternative", "tie")
    long = _checked(["tie"] * n if longer is None else longer, "longer answers", sides, n)
    pairs = list(zip(said, true, strict=True))
    errors = counted_errors(pairs)
    both = [same for same in agree if same is not None]
    preferred = prefers_longer(pairs, long)
    return JudgeCalibration(
        sensitivity=_share(errors.caught, errors.bad, level, "no truly worse pairs"),
        specificity=_share(errors.cleared, errors.good, level, "no truly not worse pairs"),
        agreement=_share(sum(a == b for a, b in pairs), n, level, "no pairs"),
        kappa=kappa(pairs, level),
        position_consistency=_share(sum(both), len(both), level, "no pairs read in both orders"),
        length_preference=_share(
            sum(preferred), len(preferred), level, "no true tie on which the judge preferred one"
        ),
        n=n,
        errors=errors,
    )


def counted_errors(pairs: Sequence[tuple[str, str]]) -> JudgeErrors:
    """How the judge did on truly worse and on truly not worse pairs.

    Args:
        pairs: (verdict of the judge, true verdict).

    See docs/statistics.md, "The judge".

    >>> counted_errors([("worse", "worse"), ("tie", "worse"), ("tie", "better"), ("worse", "tie")])
    JudgeErrors(caught=1, bad=2, cleared=1, good=2)
    """
    on_worse = [verdict for verdict, known in pairs if known == "worse"]
    on_others = [verdict for verdict, known in pairs if known != "worse"]
    accused = on_others.count("worse")
    return JudgeErrors(
        on_worse.count("worse"), len(on_worse), len(on_others) - accused, len(on_others)
    )


def prefers_longer(pairs: Sequence[tuple[str, str]], longer: Sequence[str]) -> list[bool]:
    """For each true tie on which the judge preferred one answer: whether it was the longer one.

    Pairs whose answers are equally long say nothing. The longer one is preferred where "served" is
    the longer and was called better, or is the shorter and was called worse. See
    docs/statistics.md, "The judge".

    >>> pairs = [("better", "tie"), ("worse", "tie"), ("tie", "tie"), ("better", "better")]
    >>> prefers_longer(pairs, ["served", "served", "served", "served"])
    [True, False]
    """
    return [
        (verdict == "better") == (length == "served")
        for (verdict, known), length in zip(pairs, longer, strict=True)
        if known == "tie" and verdict in {"better", "worse"} and length != "tie"
    ]


def _share(count: float, n: float, level: float, none: str) -> Estimate:
    if n == 0:
        return unknown(none)
    low, high = clopper_pearson(count, n, level)
    return Estimate(count / n, low, high, int(n), "share, exact binomial interval")


def _checked(values: Iterable[_T], what: str, accepted: Sequence[_T], n: int) -> list[_T]:
    found = list(values)
    if len(found) != n:
        raise EvidenceError(f"there are {len(found)} {what} for {n} pairs")
    for value in found:
        if value not in accepted:
            names = ", ".join(map(str, accepted))
            raise EvidenceError(f"the {what} must be among {names}, not {value!r}")
    return found
