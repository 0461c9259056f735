"""The sampling rate under the day's budget."""

# Below this share of the day's budget the rate is whole; above it, it falls in a straight line.
_BUDGET_KNEE = 0.5
# The rate falls to this part of itself as the budget runs out, and to nothing once it is spent.
_BUDGET_FLOOR = 0.1
# Bursts may bring the day's spending to this share of the budget; beyond it everybody's rate falls.
BURST_KNEE = 0.9


def budget_factor(spent_usd: float, budget_usd: float | None, *, burst_usd: float = 0.0) -> float:
    """What is left of the sampling rate: it falls before the day's budget ends, never after.

    Args:
        spent_usd: today.
        budget_usd: of the day; None is no limit.
        burst_usd: what of it bursts have cost beyond the plan. It lowers nobody's rate before the
            last tenth of the budget, which bursts leave alone.

    >>> [budget_factor(spent, 10.0) for spent in (0, 5, 7.5, 9.99, 10)]
    [1.0, 1.0, 0.55, 0.1018, 0.0]
    >>> [budget_factor(spent, 10.0, burst_usd=4) for spent in (9, 9.5, 10)]
    [1.0, 0.55, 0.0]
    >>> budget_factor(1e6, None)
    1.0
    """
    if budget_usd is None:
        return 1.0
    if spent_usd >= budget_usd:
        return 0.0
    plain = max(0.0, spent_usd - burst_usd) / budget_usd
    return min(_fallen(plain, _BUDGET_KNEE), _fallen(spent_usd / budget_usd, BURST_KNEE))


def _fallen(used: float, knee: float) -> float:
    """The line from 1 at the knee to the floor where all is used."""
    if used <= knee:
        return 1.0
    return round(1 - (used - knee) / (1 - knee) * (1 - _BUDGET_FLOOR), 6)


def left_for_bursts(
    spent_usd: float, budget_usd: float | None, *, plain_usd: float
) -> float | None:
    """USD that bursts may cost today: what the plan will not need; None is no limit.

    Args:
        spent_usd: today.
        budget_usd: of the day.
        plain_usd: what sampling as planned is going to cost for the rest of the day.

    >>> left_for_bursts(2.0, 10.0, plain_usd=3.0), left_for_bursts(2.0, None, plain_usd=3.0)
    (4.0, None)
    """
    return None if budget_usd is None else BURST_KNEE * budget_usd - spent_usd - plain_usd
