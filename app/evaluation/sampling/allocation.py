"""Where pairs are most informative: multiples of the sampling rate by predicted risk."""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwatch.errors import EvidenceError

# Bins of confidence in which risk is predicted and traffic is counted.
CONFIDENCE_BINS = 20
# How far a bin's share of the rest may differ from the mean. The lower end bounds the weights at
# 1 / (.2 + .8 * .5) = 1.67: a monitor bets in units of the largest weight, so a bin that is hardly
# sampled would slow down the alarm of all others.
LEAST_SHARE, _MOST_SHARE = 0.5, 2.5
# A bin's risk is drawn to its tier's by this many pairs.
_SHRINKAGE = 20.0


def confidence_bin(confidence: float) -> int:
    """The bin of a confidence, from 0; what lies outside [0, 1] falls into the nearest.

    >>> confidence_bin(0.07), confidence_bin(1.0)
    (1, 19)
    """
    return min(CONFIDENCE_BINS - 1, max(0, int(confidence * CONFIDENCE_BINS)))


@dataclass(frozen=True, slots=True)
class RiskCell:
    """What is known of one tier's traffic in one bin of confidence.

    Attributes:
        tier: that served it.
        bin: of confidence.
        requests: all traffic of late.
        weight: sum of the weights of its pairs.
        weighted_loss: sum of weight times loss.
    """

    tier: str
    bin: int
    requests: int
    weight: float
    weighted_loss: float


def neyman_allocation(cells: Sequence[RiskCell]) -> dict[tuple[str, int], float]:
    """Multiples of the sampling rate by tier and bin, averaging 1 over a tier's traffic.

    In proportion to ``sqrt(r (1 - r))``, r being the bin's rate drawn to its tier's by
    `_SHRINKAGE` pairs; cut to [0.5, 2.5] of the mean. A tier without pairs is left out: its bins
    are sampled alike until something is known.

    Reference: Neyman, "On the two different aspects of the representative method" (JRSS 1934).

    Raises:
        EvidenceError: a negative count or a loss above its weight.

    >>> cells = [RiskCell("simple", 19, 500, 100, 1), RiskCell("simple", 14, 500, 100, 20)]
    >>> {place: round(share, 2) for place, share in neyman_allocation(cells).items()}
    {('simple', 19): 0.58, ('simple', 14): 1.42}
    """
    found: dict[tuple[str, int], float] = {}
    for tier in dict.fromkeys(cell.tier for cell in cells):
        mine = [cell for cell in cells if cell.tier == tier]
        if any(cell.requests < 0 or not 0 <= cell.weighted_loss <= cell.weight for cell in mine):
            raise EvidenceError(f"cells of tier {tier} hold a negative count or too large a loss")
        pairs = sum(cell.weight for cell in mine)
        traffic = sum(cell.requests for cell in mine)
        if pairs == 0 or traffic == 0:
            continue
        prior = sum(cell.weighted_loss for cell in mine) / pairs
        spread = {}
        for cell in mine:
            rate = (cell.weighted_loss + _SHRINKAGE * prior) / (cell.weight + _SHRINKAGE)
            spread[cell.bin] = (rate * (1 - rate)) ** 0.5
        mean = sum(spread[cell.bin] * cell.requests for cell in mine) / traffic
        for cell in mine:
            share = spread[cell.bin] / mean if mean else 1.0
            found[tier, cell.bin] = min(_MOST_SHARE, max(LEAST_SHARE, share))
    return found
