"""What a judge's changed errors do to a rate whose truth stood still."""

import math

from tierwatch.evaluation.attribution.flips import AnchorEvidence
from tierwatch.evaluation.attribution.interval import Interval, paired_difference


def judge_part(
    anchors: AnchorEvidence | None, rates: tuple[float, float], level: float
) -> Interval:
    """What the judge's changed errors would do to traffic whose true rate stood still.

    ::

        judge = p (S1 - S0) + (1 - p) (F1 - F0)

    S and F being the shares of truly worse and truly not worse anchors that it calls worse, p the
    mean of both windows' true rates, ``(rate - F) / (S - F)`` cut to [0, 1] (Rogan and Gladen
    1978). The same anchors are judged twice, so S1 - S0 and F1 - F0 have Tango's score interval for
    paired shares; the sum is combined by MOVER. See docs/statistics.md, "Attribution".

    Returns:
        NaN, and everything possible, without any anchor.

    S .8 and F .02 -> .07 at rates .05 and .10: p = (.03 / .78 + .03 / .73) / 2 = .0398

    >>> from tierwatch.evaluation.attribution.flips import AnchorFlips
    >>> lax = AnchorEvidence(AnchorFlips(1_000, 800, 8, 8), AnchorFlips(2_000, 40, 110, 10))
    >>> round(judge_part(lax, (.05, .10), .95).value, 4)        # (1 - .0398) * .05
    0.048
    """
    if anchors is None or anchor_count(anchors) == 0:
        return Interval(math.nan, -1.0, 1.0)
    worse, clear = anchors.worse, anchors.not_worse
    true = (
        _true_rate(rates[0], worse.worse_before, worse.n, clear.worse_before, clear.n)
        + _true_rate(rates[1], worse.worse_after, worse.n, clear.worse_after, clear.n)
    ) / 2
    on_worse = paired_difference(worse.to_worse, worse.to_not_worse, worse.n, level)
    on_clear = paired_difference(clear.to_worse, clear.to_not_worse, clear.n, level)
    return Interval(*on_worse).times(true).plus(Interval(*on_clear).times(1 - true))


def _true_rate(rate: float, caught: int, worse: int, accused: int, clear: int) -> float:
    """Rogan and Gladen's; the judged rate itself where the judge tells nothing."""
    sensitivity = caught / worse if worse else 1.0
    false_alarms = accused / clear if clear else 0.0
    if sensitivity <= false_alarms:
        return rate
    return min(1.0, max(0.0, (rate - false_alarms) / (sensitivity - false_alarms)))


def anchor_count(anchors: AnchorEvidence | None) -> int:
    """Anchors with a readable verdict in both windows."""
    return 0 if anchors is None else anchors.worse.n + anchors.not_worse.n


def judge_method(anchors: AnchorEvidence | None) -> str:
    """How the judge's part was found, for the reader."""
    return "paired flips of anchors" if anchor_count(anchors) else "no anchors"
