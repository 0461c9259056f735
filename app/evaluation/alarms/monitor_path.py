"""The path of a misroute monitor: where it stood on its way, to be drawn against its level."""

import math
from collections.abc import Sequence
from typing import Final

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor

# As many as a chart of half a screen can show apart.
MOST_POINTS: Final = 200
# A path that ends this far from its monitor, as a share, is drawn at the same height; one that ends
# further off is not that monitor's.
_NEAR: Final = 0.01


def monitor_path(
    monitor: MisrouteMonitor, seen: Sequence[tuple[float, float]], first: int = 0
) -> tuple[tuple[int, float], ...]:
    """The statistic after observations, by giving a new monitor what this one has seen.

    A monitor may know more than it can be given again: evidence of a stream that it took over, or
    observations that are no longer kept. What these weigh fades with each good answer; where it has
    not, the new monitor ends elsewhere than this one, and there is no path rather than a wrong one.

    Args:
        monitor: at its end.
        seen: loss and total weight of each observation, the last of those that it has taken.
        first: place in ``seen`` from which on the path is wanted.

    Returns:
        Places in ``seen`` with the statistic after them, ascending, the last always among them, and
        at most `MOST_POINTS`; empty where it cannot be had.

    >>> late = MisrouteMonitor(0.05)
    >>> seen = [(0.0, 1.0)] * 300 + [(1.0, 1.0)] * 12
    >>> _ = [late.update(*one) for one in seen]
    >>> path = monitor_path(late, seen, first=290)
    >>> path[0][0], path[-1] == (311, late.statistic), len(path)
    (290, True, 22)
    """
    again = MisrouteMonitor(*monitor.promise)
    every = max(1, math.ceil((len(seen) - first) / MOST_POINTS))
    path = []
    for place, (loss, weight) in enumerate(seen):
        again.update(loss, weight)
        if place >= first and (len(seen) - 1 - place) % every == 0:
            path.append((place, again.statistic))
    return tuple(path) if math.isclose(again.statistic, monitor.statistic, rel_tol=_NEAR) else ()
