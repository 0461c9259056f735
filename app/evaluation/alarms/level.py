"""The level of an alarm from the false alarms that are accepted, and back.

An e-detector (Shin, Ramdas and Rinaldo 2024) that alarms at the level c does so falsely within N
updates with probability at most ``N / c``, whatever the dependence on the past. So "1 % per 100,000
pairs" and ``c = 1e7`` say the same.
"""

import math

from tierwatch.errors import EvidenceError

# As high as the monitors accept, far below where their products overflow.
HIGHEST_LEVEL = 1e100
# Evidence beyond a million times the level changes no decision; stopping there keeps a monitor's
# state finite, its JSON short, and lets the statistic fall again soon after the rate has recovered.
HEADROOM = 1e6


def level_for(share: float, pairs: float) -> float:
    """The level at which at most ``share`` of streams without change alarm within ``pairs``.

    ``c = pairs / share``, in (1, 1e100]. A pair that feeds two streams counts twice.

    Args:
        share: of streams that may alarm falsely, in (0, 1).
        pairs: within which they may, at least 1.

    Raises:
        EvidenceError: a share that is none, fewer than one pair, or so strict that no level is
            high enough.

    >>> level_for(0.01, 100_000)        # 1 % per 100,000 pairs
    10000000.0
    """
    if not 0 < share < 1:
        raise EvidenceError(f"the share of false alarms must lie between 0 and 1, not {share}")
    if not 1 <= pairs < math.inf:
        raise EvidenceError(f"false alarms are counted within 1 pair or more, not {pairs}")
    # Compared as a product: the quotient of a tiny share would overflow.
    if pairs > HIGHEST_LEVEL * share:
        raise EvidenceError(
            f"a share of {share} within {pairs} pairs asks for a level above {HIGHEST_LEVEL:g}"
        )
    return pairs / share


def false_alarm_share(level: float, pairs: float) -> float:
    """The largest share of streams without change that alarm at ``level`` within ``pairs``.

    ``min(1, pairs / level)``: where it is 1, the level promises nothing over so many pairs.

    Args:
        level: evidence at which to alarm, in (1, 1e100].
        pairs: within which, at least 0.

    Raises:
        EvidenceError: a level or a number of pairs outside its range.

    >>> false_alarm_share(1e7, 100_000)
    0.01
    >>> false_alarm_share(1e7, 10**8)
    1.0
    """
    check_level(level)
    if not 0 <= pairs < math.inf:
        raise EvidenceError(f"false alarms are counted within 0 pairs or more, not {pairs}")
    return min(1.0, pairs / level)


def check_level(level: float) -> None:
    """Refuse what is no level of an alarm.

    Raises:
        EvidenceError: it does not lie in (1, 1e100].
    """
    if not 1 < level <= HIGHEST_LEVEL:
        raise EvidenceError(f"the alert level must be above 1 and at most 1e100, not {level}")
