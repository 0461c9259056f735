"""The sampling rate under the day's budget."""

# Below this share of the day's budget the rate is whole; above it, it falls in a straight line.
_BUDGET_KNEE = 0.5
# The rate falls to this part of itself as the budget runs out, and to nothing once it is spent.
_BUDGET_FLOOR = 0.1


def budget_factor(spent_usd: float, budget_usd: float | None) -> float:
    """What is left of the sampling rate: it falls before the day's budget ends, never after.

    >>> [budget_factor(spent, 10.0) for spent in (0, 5, 7.5, 9.99, 10)]
    [1.0, 1.0, 0.55, 0.1018, 0.0]
    >>> budget_factor(1e6, None)
    1.0
    """
    if budget_usd is None:
        return 1.0
    if spent_usd >= budget_usd:
        return 0.0
    used = spent_usd / budget_usd
    if used <= _BUDGET_KNEE:
        return 1.0
    fall = (used - _BUDGET_KNEE) / (1 - _BUDGET_KNEE)
    return round(1 - fall * (1 - _BUDGET_FLOOR), 6)
