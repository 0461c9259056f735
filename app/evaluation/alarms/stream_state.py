"""What may be said of a stream now, in one word."""

from typing import Literal

# A warning at a hundredth of the alarm's evidence comes about 50 pairs before the alarm when the
# rate has doubled, and falsely no more often than once in level / 100 updates.
_WARNING_SHARE = 0.01
StreamState = Literal["NO_DATA", "OK", "WARNING", "ALERT", "INCONCLUSIVE"]


def stream_state(
    *,
    pairs: int,
    min_pairs: int,
    statistic: float,
    level: float,
    alarmed: bool,
    highest: float,
    tolerance: float,
) -> StreamState:
    """What may be said of a stream now.

    ``NO_DATA``: fewer than ``min_pairs``. ``ALERT``: it has alarmed. ``WARNING``: the statistic is
    above level / 100; a Shiryaev-Roberts statistic passes c in a null stream after c updates or
    more on average, so that is at most one false warning in level / 100 updates. ``OK``: the rate
    is shown to be within the tolerance. ``INCONCLUSIVE``: neither is shown, which is not OK.

    Args:
        pairs: seen by the stream.
        min_pairs: fewest to say anything.
        statistic: of its monitor.
        level: of its monitor.
        alarmed: whether it has alarmed since it was started.
        highest: upper end of an interval of its rate that may be watched (time-uniform).
        tolerance: of its monitor.

    >>> stream_state(pairs=400, min_pairs=30, statistic=2.0, level=1e7, alarmed=False,
    ...              highest=0.04, tolerance=0.05)
    'OK'
    >>> stream_state(pairs=40, min_pairs=30, statistic=2.0, level=1e7, alarmed=False,
    ...              highest=0.2, tolerance=0.05)
    'INCONCLUSIVE'
    """
    if pairs < min_pairs:
        return "NO_DATA"
    if alarmed or statistic >= level:
        return "ALERT"
    if statistic >= level * _WARNING_SHARE:
        return "WARNING"
    return "OK" if highest <= tolerance else "INCONCLUSIVE"
