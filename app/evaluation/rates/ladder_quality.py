"""Quality relative to "always the top tier", from the misroute rates of all boundaries."""

import sys
from collections.abc import Sequence

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_confidence_level
from tierwatch.evaluation.rates.columns import checked_array
from tierwatch.evaluation.rates.double_sampling import DOUBLE_SAMPLING
from tierwatch.evaluation.rates.estimate import Estimate, unknown


def relative_quality(requests: Sequence[float], misroutes: Sequence[Estimate]) -> Estimate:
    """Least share of requests whose answer was not materially worse than the top tier's.

    With tiers 0 ... k cheapest first, s_i the share of requests served by tier i, and r_j the
    misroute rate at the boundary from tier j to j + 1::

        quality >= 1 - sum over i of s_i * min(1, r_i + ... + r_(k-1))

    A request two tiers below the top gets the sum of both boundaries (union bound). It is *at
    least* this much: who loses at one boundary often loses at the other, and an answer better than
    the top tier's counts no more than an equal one.

    The interval puts every rate at its high end for ``low`` and at its low end for ``high``. When
    each comes at ``split_level(level, len(misroutes))``, ``low`` is below the quality with
    confidence ``level``. ``high`` is an upper end of the bound above, not of the quality.

    Assumes that not-materially-worse adds up along the ladder, and that a request kept on a
    cheaper tier loses at the boundaries above it no more often than the requests served there,
    from which those rates are estimated: plausible, for the classifier kept the easier ones, and
    to be checked by shadowing two tiers up. Shares are counted on all traffic and taken as known.

    Args:
        requests: served by each tier, cheapest first; at least 0.
        misroutes: rate at each tier below the top, of the requests it served: `weighted_rate`,
            `estimate_rate` or `always_valid`.

    Returns:
        The estimate; without a value where a rate that matters is unknown. Unless every rate is
        checked by people (`estimate_rate` with labels), ``method`` says that this is the judge's
        view and not quality.

    Raises:
        EvidenceError: not one misroute rate for each tier but the last, or negative requests.

    Example:
        Half of the requests two tiers down, three in ten one down:

        >>> simple, standard = Estimate(.02, .01, .04, 900, "x"), Estimate(.03, .01, .06, 800, "x")
        >>> quality = relative_quality([50, 30, 20], [simple, standard])
        >>> round(quality.value, 3)          # 1 - .5 * (.02 + .03) - .3 * .03
        0.966
        >>> round(quality.low, 3), round(quality.high, 3)
        (0.932, 0.987)
    """
    counts = checked_array(requests, "requests of the tiers", low=0, high=sys.float_info.max)
    if counts.size == 0 or len(misroutes) != counts.size - 1:
        raise EvidenceError(
            f"{counts.size} tiers need a misroute rate for each but the last, not {len(misroutes)}"
        )
    total = float(counts.sum())
    if total == 0:
        return unknown("no requests")
    shares = counts / total
    # Boundaries below every request played no part.
    first = int(np.flatnonzero(shares)[0])
    matter = misroutes[first:]
    shares = shares[first:]
    if not matter:
        return Estimate(1.0, 1.0, 1.0, 0, "all served by the top tier")

    def kept(rates: Sequence[float]) -> float:
        # Sums from each boundary to the top; the top tier itself loses nothing.
        losses = np.minimum(1.0, np.append(np.cumsum(rates[::-1])[::-1], 0.0))
        return float(np.clip(1 - shares @ losses, 0.0, 1.0))

    low, high = kept([rate.high for rate in matter]), kept([rate.low for rate in matter])
    values = [rate.value for rate in matter if rate.value is not None]
    n = sum(rate.n for rate in matter)
    if len(values) < len(matter):
        return Estimate(None, low, high, n, "a misroute rate on the way to the top is unknown")
    checked = all(rate.method.startswith(DOUBLE_SAMPLING) for rate in matter)
    view = "" if checked else "the judge's view, not quality: "
    method = f"{view}at least, sum of {len(matter)} boundaries, each at its own interval's end"
    return Estimate(kept(values), low, high, n, method)


def split_level(level: float, parts: int) -> float:
    """Level of each of ``parts`` intervals that hold together at ``level`` (Bonferroni).

    ``1 - (1 - level) / parts``.

    Raises:
        EvidenceError: a level outside (0, 1), or no part.

    >>> round(split_level(0.95, 2), 4)
    0.975
    """
    check_confidence_level(level)
    if parts < 1:
        raise EvidenceError(f"a level is split among at least one part, not {parts}")
    return 1 - (1 - level) / parts
