"""When a rate that people's labels have corrected says enough to be shown."""

from typing import Final

from tierwatch.evaluation.rates.estimate import Estimate

# Ten points: a hundred labels give .09 at 1,000 pairs (bar C1), three labels .83.
USEFUL_WIDTH: Final = 0.10
# The judge's errors are in the corrected interval and not in the judge's own, so it is wider.
USEFUL_TIMES: Final = 2.0


def corrects_usefully(corrected: Estimate, judged: Estimate) -> bool:
    """Whether a corrected rate may stand beside the judge's own.

    It may where its interval is at most ten points wide, or at most twice as wide as the judge's.
    Of few labels anything is possible: three of them made 1.1 to 11.3 % out to be 0.0 to 83.1 %.

    >>> judged = Estimate(.044, .011, .113, 517, "judge rate")
    >>> corrects_usefully(Estimate(.025, 0, .831, 517, "double sampling"), judged)
    False
    >>> corrects_usefully(Estimate(.05, .01, .12, 517, "double sampling"), judged)
    True
    """
    if corrected.value is None or judged.value is None:
        return False
    return corrected.high - corrected.low <= useful_width(judged)


def useful_width(judged: Estimate) -> float:
    """How wide the interval of a corrected rate may be for it to stand beside the judge's own.

    >>> useful_width(Estimate(.04, .01, .11, 517, "judge rate"))
    0.2
    """
    return max(USEFUL_WIDTH, USEFUL_TIMES * (judged.high - judged.low))
