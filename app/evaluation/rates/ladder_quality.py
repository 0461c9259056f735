"""Quality relative to "always the top tier", from the misroute rates of all boundaries."""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_confidence_level
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.rates.double_sampling import DOUBLE_SAMPLING
from tierwatch.evaluation.rates.estimate import Estimate, unknown

# Direct comparisons of a tier with the top one from which on they stand for all that it
# serves. With fewer a figure would hang on single pairs.
FEWEST_DIRECT = 30
# What is said of an estimate where they are missing.
ASSUMED = (
    ", assumes that what a cheaper tier serves loses above it no more often than what is served"
    " there"
)


def relative_quality(
    requests: Sequence[float],
    misroutes: Sequence[Estimate],
    direct: Mapping[int, Estimate] = MappingProxyType({}),
) -> Estimate:
    """Least share of requests whose answer was not materially worse than the top tier's.

    With tiers 0 ... k cheapest first, s_i the share of requests served by tier i, and r_j the
    misroute rate at the boundary from tier j to j + 1::

        quality >= 1 - sum over i of s_i * L_i,   L_k = 0,   L_i = min(1, r_i + L_(i+1))

    and where 30 pairs or more of tier i were compared with the top tier directly, L_i is the rate
    at which they lost. Without them a request two tiers below the top gets the sum of both
    boundaries (union bound). It is *at least* this much: who loses at one boundary often loses at
    the other, and an answer better than the top tier's counts no more than an equal one.

    The interval puts every rate at its high end for ``low`` and at its low end for ``high``. When
    each comes at ``split_level(level, len(misroutes))``, ``low`` is below the quality with
    confidence ``level``. ``high`` is an upper end of the bound above, not of the quality.

    Where a tier has no direct rate, this assumes that not-materially-worse adds up along the
    ladder, and that a request kept on a cheaper tier loses at the boundaries above it no more often
    than the requests served there, from which those rates are estimated; ``method`` then says so.
    It does not hold where both cheap tiers fail together on hard prompts. Shares are counted on all
    traffic and taken as known.

    Args:
        requests: served by each tier, cheapest first; at least 0.
        misroutes: rate at each tier below the top, of the requests it served: `weighted_rate`,
            `estimate_rate` or `always_valid`.
        direct: by place of a tier two or more below the top, the rate at which its answers were
            worse than the top tier's own; those of fewer than 30 pairs are not taken.

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

        Of what simple serves, .07 is worse than the top tier's answer, more than .02 + .03:

        >>> too = {0: Estimate(.07, .04, .11, 200, "x")}
        >>> round(relative_quality([50, 30, 20], [simple, standard], too).value, 3)
        0.956
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
    enough = {
        place - first: rate
        for place, rate in direct.items()
        if first <= place < counts.size - 2 and rate.n >= FEWEST_DIRECT and rate.value is not None
    }
    return _quality(shares, matter, enough)


def _quality(
    shares: Floats, matter: Sequence[Estimate], enough: Mapping[int, Estimate]
) -> Estimate:
    """From the shares of tiers, their misroute rates, and by place the direct ones."""

    def kept(end: Callable[[Estimate], float]) -> float:
        # From each tier to the top; the top tier itself loses nothing.
        losses = [0.0]
        for place in reversed(range(len(matter))):
            known = enough.get(place)
            on_the_way = min(1.0, end(matter[place]) + losses[0])
            losses.insert(0, on_the_way if known is None else end(known))
        return float(np.clip(1 - shares @ np.array(losses), 0.0, 1.0))

    low, high = kept(lambda rate: rate.high), kept(lambda rate: rate.low)
    used, on_the_way = [], False
    for place, rate in enumerate(matter):
        # What is served here needs it, or what has come so far without a direct rate.
        on_the_way = bool(shares[place]) or (on_the_way and place - 1 not in enough)
        used += [enough.get(place, rate)] * on_the_way
    n = sum(rate.n for rate in used)
    if any(rate.value is None for rate in used):
        return Estimate(None, low, high, n, "a misroute rate on the way to the top is unknown")
    checked = all(rate.method.startswith(DOUBLE_SAMPLING) for rate in used)
    view = "" if checked else "the judge's view, not quality: "
    method = f"{view}at least, sum of {len(matter)} boundaries, each at its own interval's end"
    if enough:
        pairs = sum(rate.n for rate in enough.values())
        method += f", {pairs} pairs compared with the top tier directly"
    if any(shares[place] and place not in enough for place in range(len(matter) - 1)):
        method += ASSUMED
    return Estimate(kept(_value), low, high, n, method)


def _value(rate: Estimate) -> float:
    return 0.0 if rate.value is None else rate.value


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
