"""How far one share lies from another, of answers that nobody paired."""

from tierwatch.evaluation.rates.binomial import wilson_interval
from tierwatch.evaluation.rates.estimate import Estimate, unknown


def difference_of_shares(
    good_before: int, n_before: int, good_after: int, n_after: int, *, level: float = 0.95
) -> Estimate:
    """The later share less the earlier one, with Newcombe's hybrid score interval.

    With Wilson's intervals (l1, u1) of the later share p1 and (l2, u2) of the earlier p2, the ends
    are ``d - sqrt((p1 - l1)^2 + (u2 - p2)^2)`` and ``d + sqrt((u1 - p1)^2 + (p2 - l2)^2)``.

    Reference: Newcombe, "Interval estimation for the difference between independent proportions"
    (Statistics in Medicine 1998), method 10.

    Guarantee: approximate coverage for independent answers and counts fixed in advance. Not
    guaranteed: anything when it is looked at again and again while the counts grow.

    Args:
        good_before: of ``n_before``.
        n_before: answers of the earlier time.
        good_after: of ``n_after``.
        n_after: answers of the later time.
        level: of the two-sided interval.

    Returns:
        The difference in [-1, 1]; its n is the smaller number of answers.

    Raises:
        EvidenceError: counts that are none, or a level outside (0, 1).

    >>> found = difference_of_shares(48, 80, 56, 70)    # Newcombe's first example, turned around
    >>> round(found.value, 3), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    before = wilson_interval(good_before, n_before, level)
    after = wilson_interval(good_after, n_after, level)
    if n_before == 0 or n_after == 0:
        return unknown("nothing to compare with", low=-1.0, high=1.0)
    p2, p1 = good_before / n_before, good_after / n_after
    d = p1 - p2
    low = d - ((p1 - after[0]) ** 2 + (before[1] - p2) ** 2) ** 0.5
    high = d + ((after[1] - p1) ** 2 + (p2 - before[0]) ** 2) ** 0.5
    n = min(n_before, n_after)
    return Estimate(d, max(-1.0, low), min(1.0, high), n, "difference of shares, Newcombe's")
