"""Which part demonstrably makes up at least half of a change."""

import math
from dataclasses import dataclass

from scipy import special

from tierwatch.evaluation.attribution.interval import Interval
from tierwatch.evaluation.attribution.split import Split

# Whether the rate changed at all is asked at 99 %: at 95 %, one comparison in 20 of windows in
# which nothing changed passes, and most of those go on to be blamed on something.
_CHANGE_LEVEL = 0.99


@dataclass(frozen=True, slots=True)
class Claims:
    """What stands at the level, in the direction of the change."""

    mix: bool
    within: bool
    judge: bool
    quality: bool


def claims_of(split: Split, judge: Interval | None, z: float) -> Claims:
    """Which part demonstrably makes up at least half of the change.

    Half of the change is (mix + within) / 2, so "mix is at least half" is mix - within >= 0, and
    so on: each claim is one difference whose interval must clear 0. The change itself must be there
    at 99 %. No significant judge change is not "no judge change": with few anchors the judge's
    interval is wide, and then neither it nor quality is blamed. See docs/statistics.md,
    "Attribution".
    """
    total, error = split.contrast(1, 1)
    if abs(total) <= float(special.ndtri((1 + _CHANGE_LEVEL) / 2)) * error:
        return Claims(mix=False, within=False, judge=False, quality=False)
    sign = math.copysign(1.0, total)

    def stands(mix: float, within: float, judged: Interval | None = None) -> bool:
        value, error = split.contrast(sign * mix, sign * within)
        difference = Interval.normal(value, error, z)
        return (difference if judged is None else difference.plus(judged)).low > 0

    claimed = denied = None
    if judge is not None and not math.isnan(judge.value):
        claimed = judge if sign > 0 else judge.negated()
        denied = claimed.negated()
    return Claims(
        mix=stands(1, -1),
        within=stands(-1, 1),
        judge=claimed is not None and stands(0, -0.5, claimed) and stands(-0.5, -0.5, claimed),
        quality=denied is not None and stands(0, 0.5, denied) and stands(-0.5, 0.5, denied),
    )
