"""The relative second opinion: has a stream become worse than its own past?

It knows no tolerance and has no proven false-alarm rate: on streams that do not change, ADWIN
raised a false alarm in about one of a hundred runs of 100,000 pairs (bar of METHODS.md, section
1). It never pages by itself what the alarm with a tolerance would not; it is shown beside it.

Reference: Bifet and Gavalda, "Learning from time-changing data with adaptive windowing" (SDM
2007), as river implements it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from river.drift import ADWIN

from tierwatch.evaluation.evidence.misroute_evidence import RelativeChange

# river's default; with 0.05 half of all null runs of 100,000 alarm.
_DELTA: Final = 0.002
_METHOD: Final = f"ADWIN, delta {_DELTA}, of the stream's own past"


def raised_against_past(losses: Sequence[float]) -> RelativeChange | None:
    """The newest rise that ADWIN notices, or None; a fall is not reported.

    Args:
        losses: of the stream's observations, in [0, 1], in order of arrival.

    >>> change = raised_against_past([0.0] * 500 + [1.0] * 100)
    >>> change.at, change.before, round(change.after, 2)
    (512, 0.0, 1.0)
    >>> raised_against_past([1.0] * 500 + [0.0] * 100) is None
    True
    """
    window: Any = ADWIN(delta=_DELTA)  # type: ignore[no-untyped-call]  # river has no types
    found = None
    for number, loss in enumerate(losses, 1):
        width = int(window.width) + 1
        window.update(loss)
        given_up = losses[number - width : number - int(window.width)]
        if window.drift_detected and given_up:
            before = sum(given_up) / len(given_up)
            if window.estimation > before:
                found = RelativeChange(number, before, float(window.estimation), _METHOD)
    return None if found is None else replace(found, after=float(window.estimation))
