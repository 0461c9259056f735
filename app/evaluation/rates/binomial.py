"""Intervals of a share from counts: Wilson's, and Clopper and Pearson's exact one."""

from scipy import special

from tierwatch.errors import EvidenceError


def wilson_interval(bad: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of a share (Wilson 1927); (0, 1) when n is 0.

    Centre ``(p + z^2 / 2n) / (1 + z^2 / n)``. Good on average over p, not for each p, and not when
    checked again and again: for guarantees use `clopper_pearson`.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).

    >>> low, high = wilson_interval(5, 100)
    >>> round(low, 4), round(high, 4)
    (0.0215, 0.1118)
    """
    check_counts(bad, n, level)
    if n == 0:
        return 0.0, 1.0
    z2 = float(special.ndtri((1 + level) / 2)) ** 2
    share = bad / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    low = 0.0 if bad == 0 else max(0.0, centre - half)
    high = 1.0 if bad == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(bad: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided exact binomial interval (Clopper and Pearson 1934); (0, 1) when n is 0.

    Guarantee: covers with at least ``level`` for independent pairs and a count fixed in advance.
    Counts need not be whole: with design-effective counts this is Korn and Graubard's interval.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).

    >>> low, high = clopper_pearson(5, 100)
    >>> round(low, 4), round(high, 4)
    (0.0164, 0.1128)
    """
    check_counts(bad, n, level)
    tail = (1 - level) / 2
    return clopper_pearson_lower(bad, n, tail), clopper_pearson_upper(bad, n, tail)


def clopper_pearson_lower(bad: float, n: float, delta: float) -> float:
    """Exact binomial lower bound: the rate is below it with chance at most ``delta``; 0 if n is 0.

    ``Beta.ppf(delta, bad, n - bad + 1)``.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a delta outside (0, 1).

    >>> round(clopper_pearson_lower(59, 59, 0.05), 4)   # 0.05 ** (1 / 59)
    0.9505
    """
    check_counts(bad, n, delta)
    return 0.0 if bad == 0 else float(special.betaincinv(bad, n - bad + 1, delta))


def clopper_pearson_upper(bad: float, n: float, delta: float) -> float:
    """Exact binomial upper bound: the rate exceeds it with chance at most ``delta``; 1 if n is 0.

    ``Beta.ppf(1 - delta, bad + 1, n - bad)``.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a delta outside (0, 1).

    >>> round(clopper_pearson_upper(0, 59, 0.05), 4)   # 1 - 0.05 ** (1 / 59)
    0.0495
    """
    check_counts(bad, n, delta)
    return 1.0 if bad >= n else float(special.betainccinv(bad + 1, n - bad, delta))


def check_counts(bad: float, n: float, level: float) -> None:
    """Refuse what is no count, or no level.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).
    """
    if not 0 <= bad <= n:
        raise EvidenceError(f"{bad} bad of {n} is not a count")
    if not 0 < level < 1:
        raise EvidenceError(f"a level or delta must lie between 0 and 1, not {level}")


def check_confidence_level(level: float) -> None:
    """Refuse what is no level of an interval.

    Raises:
        EvidenceError: it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise EvidenceError(f"a level must lie between 0 and 1, not {level}")
