"""How far may a judge be believed, by human labels and by anchors of known verdict?

`calibrate` measures a judge version against the truth. `weakness` says whether a judge that errs so
could certify a tolerance at all, and how many more gold pairs that would take.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import Estimate, clopper_pearson, unknown
from tierwatch.evaluation.thresholds.thresholds import JudgeErrors

Verdict = Literal["worse", "tie", "better"]
VERDICTS: tuple[Verdict, ...] = ("worse", "tie", "better")

# More gold pairs of a kind than anyone will label.
_MOST_GOLD = 1_000_000
# One pair spread evenly over the nine cells of kappa's table.
_SMOOTHING = 1 / 9


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


@dataclass(frozen=True, slots=True)
class Weakness:
    """Why a judge cannot certify a tolerance, and what it would take.

    Attributes:
        reason: what limits it, as a sentence.
        gold_worse: truly worse pairs needed, at the present point estimates; None when no number
            would do, or none can be told yet.
        gold_not_worse: truly not worse pairs needed; None likewise.
        informativeness: sensitivity + specificity - 1 from the lower ends of both intervals.
    """

    reason: str
    gold_worse: int | None
    gold_not_worse: int | None
    informativeness: float


def calibrate(
    judged: Sequence[Any] | NDArray[Any],
    truth: Sequence[Any] | NDArray[Any],
    *,
    orders_agree: Sequence[bool | None] | None = None,
    longer: Sequence[Any] | None = None,
    level: float = 0.95,
) -> JudgeCalibration:
    """Measure one judge version against verdicts that are known.

    Shares have `clopper_pearson` intervals. With observed agreement ``a`` and agreement by chance
    ``e = sum of p_k q_k``, p and q being the shares of verdict k by judge and truth,

        kappa = (a - e) / (1 - e)

    (Cohen 1960), with the delta method's variance (Fleiss, Cohen and Everitt 1969) from the table
    with a ninth of a pair added to each cell, so that a perfect table is not certain of itself.

    Not guaranteed: that gold pairs are like the traffic; anchors are harder. Unscored pairs are to
    be left out, and then the figures hold for pairs the judge can read. Labels by one person carry
    that person's errors. A human label must not have been chosen by the judge's verdict beyond what
    was sampled at random, or sensitivity is flattered.

    Args:
        judged: "worse", "tie" or "better", of the served answer; shape (n,).
        truth: the known verdicts, likewise.
        orders_agree: whether both orders gave the same verdict; None where not both were read.
        longer: "served", "alternative" or "tie", the answer with more characters.
        level: of each two-sided interval.

    Raises:
        EvidenceError: lengths differ, other values, or a level outside (0, 1).

    >>> found = calibrate(["worse", "tie", "worse", "better"], ["worse", "tie", "tie", "better"])
    >>> found.sensitivity.value, round(found.specificity.value, 3), found.agreement.value
    (1.0, 0.667, 0.75)
    >>> round(found.kappa.value, 3)         # e = .5 * .25 + .25 * .5 + .25 * .25 = .3125
    0.636
    """
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    said = _checked(judged, "judged verdicts", VERDICTS, len(judged))
    true = _checked(truth, "true verdicts", VERDICTS, len(judged))
    agree = _checked(
        [None] * len(said) if orders_agree is None else orders_agree,
        "order agreements",
        (True, False, None),
        len(said),
    )
    long = _checked(
        ["tie"] * len(said) if longer is None else longer,
        "longer answers",
        ("served", "alternative", "tie"),
        len(said),
    )
    pairs = list(zip(said, true, strict=True))
    worse = [verdict for verdict, known in pairs if known == "worse"]
    clear = [verdict for verdict, known in pairs if known != "worse"]
    both = [same for same in agree if same is not None]
    # Served is the longer one and was called better, or is the shorter one and was called worse.
    preferred = [
        (verdict == "better") == (length == "served")
        for (verdict, known), length in zip(pairs, long, strict=True)
        if known == "tie" and verdict != "tie" and length != "tie"
    ]
    return JudgeCalibration(
        sensitivity=_share(worse.count("worse"), len(worse), level, "no truly worse pairs"),
        specificity=_share(
            len(clear) - clear.count("worse"), len(clear), level, "no truly not worse pairs"
        ),
        agreement=_share(sum(a == b for a, b in pairs), len(pairs), level, "no pairs"),
        kappa=_kappa(pairs, level),
        position_consistency=_share(sum(both), len(both), level, "no pairs read in both orders"),
        length_preference=_share(
            sum(preferred), len(preferred), level, "no true tie on which the judge preferred one"
        ),
        n=len(pairs),
        errors=JudgeErrors(
            worse.count("worse"), len(worse), len(clear) - clear.count("worse"), len(clear)
        ),
    )


def weakness(
    calibration: JudgeCalibration, tolerance: float, *, delta: float = 0.05
) -> Weakness | None:
    """Why this judge cannot certify ``tolerance``, or None if it can.

    The corrected test (`choose_threshold` with a judge) certifies a rate of alpha when the upper
    bound of the judged rate is at most ``f + alpha (s - f)``, sensitivity s and false-alarm rate f
    being lower bounds at delta / 3. A tier at half of the tolerance with endless traffic is judged
    bad at its point estimate of ``f + (alpha / 2) (s - f)``, so it can be certified only if

        f_hat + (alpha / 2) (s_hat - f_hat)  <=  f_low + alpha (s_low - f_low)

    A judge that fails this cannot certify a good tier, however many pairs it judges. Gold pairs
    needed are the fewest with which the same point estimates would pass, as many of either kind, or
    those there are, if more.

    Not guaranteed: that a judge without weakness certifies soon, which depends on the traffic; that
    more gold confirms the point estimates.

    Args:
        calibration: from `calibrate`.
        tolerance: alpha, the misroute rate to certify, in (0, 1).
        delta: of the certificate, in (0, 1).

    Raises:
        EvidenceError: a tolerance or delta outside (0, 1).

    >>> gold = ["worse"] * 100 + ["tie"] * 100
    >>> judged = ["worse"] * 70 + ["tie"] * 30          # no false alarm: .05 * s_low > .025 * .7
    >>> weakness(calibrate(judged + ["tie"] * 100, gold), 0.05) is None
    True
    >>> weak = weakness(calibrate(judged + ["worse"] * 8 + ["tie"] * 92, gold), 0.05)
    >>> weak.gold_worse, weak.gold_not_worse
    (1374, 1374)
    """
    for name, value in (("tolerance", tolerance), ("delta", delta)):
        if not 0 < value < 1:
            raise EvidenceError(f"the {name} must lie between 0 and 1, not {value}")
    errors = calibration.errors
    informative = calibration.sensitivity.low + calibration.specificity.low - 1
    for count, kind in ((errors.bad, "worse"), (errors.good, "not worse")):
        if count == 0:
            reason = f"no gold pair is truly {kind}, so nothing is known of the judge on those"
            return Weakness(reason, None, None, informative)
    s, f = errors.caught / errors.bad, 1 - errors.cleared / errors.good
    flagged = f + tolerance / 2 * (s - f)

    def certifies(bad: float, good: float) -> bool:
        s_low, f_low = JudgeErrors(s * bad, bad, (1 - f) * good, good).least(delta / 3)
        return s_low > f_low and flagged <= f_low + tolerance * (s_low - f_low)

    if certifies(errors.bad, errors.good):
        return None
    if s <= f:
        reason = (
            f"the judge calls {100 * f:.1f} % of truly not worse pairs worse, and no more of the"
            f" truly worse ones ({100 * s:.1f} %); no number of gold pairs helps"
        )
        return Weakness(reason, None, None, informative)
    each = _fewest(lambda n: certifies(max(n, errors.bad), max(n, errors.good)))
    if each is None:
        reason = (
            f"its specificity of {100 * (1 - f):.1f} % is too low beside a tolerance of"
            f" {100 * tolerance:.1f} %: a million gold pairs of each kind would not do"
        )
        return Weakness(reason, None, None, informative)
    bad, good = max(each, int(errors.bad)), max(each, int(errors.good))
    reason = (
        f"false alarms of {100 * f:.1f} % and a sensitivity of {100 * s:.1f} % are not known well"
        f" enough to certify {100 * tolerance:.1f} % by {errors.bad:.0f} truly worse and"
        f" {errors.good:.0f} truly not worse gold pairs; {bad} and {good} would do"
    )
    return Weakness(reason, bad, good, informative)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """The fewest gold pairs that are enough; None when a million are not."""
    if not enough(_MOST_GOLD):
        return None
    too_few, fewest = 0, _MOST_GOLD
    while fewest - too_few > 1:
        middle = (too_few + fewest) // 2
        too_few, fewest = (too_few, middle) if enough(middle) else (middle, fewest)
    return fewest


def _share(count: int, n: int, level: float, none: str) -> Estimate:
    if n == 0:
        return unknown(none)
    low, high = clopper_pearson(count, n, level)
    return Estimate(count / n, low, high, n, "share, exact binomial interval")


def _kappa(pairs: Sequence[tuple[str, str]], level: float) -> Estimate:
    table = np.zeros((3, 3))
    for said, known in pairs:
        table[VERDICTS.index(said), VERDICTS.index(known)] += 1
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
    on_agreed = np.eye(3) - agreed
    on_chance = truth[:, None] + judge[None, :] - 2 * chance
    influence = on_agreed / (1 - chance) - on_chance * (1 - agreed) / (1 - chance) ** 2
    variance = float((share * influence**2).sum()) / n
    return (agreed - chance) / (1 - chance), math.sqrt(variance)


def _checked(values: Iterable[Any], what: str, accepted: tuple[Any, ...], n: int) -> list[Any]:
    found = list(values)
    if len(found) != n:
        raise EvidenceError(f"there are {len(found)} {what} for {n} pairs")
    for value in found:
        if value not in accepted:
            names = ", ".join(map(str, accepted))
            raise EvidenceError(f"the {what} must be among {names}, not {value!r}")
    return found
