"""Where the axes of a chart are labelled: round numbers, and round moments in UTC."""

import datetime as dt
import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_TIME_STEPS = (
    *(_MINUTE * n for n in (1, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 30, 90, 365)),
)


def value_ticks(low: float, high: float, most: int = 4) -> tuple[float, ...]:
    """Round numbers from ``low`` to ``high``, at most ``most`` steps apart.

    >>> value_ticks(0.0, 0.13)
    (0.0, 0.05, 0.1)
    >>> value_ticks(-3.0, 1.0)
    (-3.0, -2.0, -1.0, 0.0, 1.0)
    """
    if not high > low:
        return (low,)
    least = (high - low) / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * one for one in _STEPS if power * one >= least * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Products of the step, not sums: 0.1 + 0.1 + 0.1 is not 0.3.
    digits = 2 - math.floor(math.log10(step))
    return tuple(round(n * step, digits) + 0.0 for n in range(first, last + 1))


def power_ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Powers of ten between two numbers above 0, at most about ``most`` of them.

    >>> power_ticks(0.1, 2e7)
    (0.1, 10.0, 1000.0, 100000.0, 10000000.0)
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((last - first) / most))
    found = (10.0**n for n in range(first, last + 1, step))
    return tuple(one for one in found if low * 0.999 <= one <= high * 1.001)


def time_step(start: float, end: float, most: int = 6) -> float:
    """Seconds between labels on an axis of time."""
    return next((one for one in _TIME_STEPS if (end - start) / one <= most), _TIME_STEPS[-1])


def time_ticks(start: float, end: float, most: int = 6) -> tuple[tuple[float, str], ...]:
    """Round moments between two, each with its words; days by name from a step of a day on.

    >>> time_ticks(0, 7200, 2)
    ((0.0, '00:00'), (3600.0, '01:00'), (7200.0, '02:00'))
    """
    step = time_step(start, end, most)
    first, last = math.ceil(start / step), math.floor(end / step)
    form = "%H:%M" if step < _DAY else "%-d %b"
    return tuple(
        (n * step, f"{dt.datetime.fromtimestamp(n * step, dt.UTC):{form}}")
        for n in range(first, last + 1)
    )


def moment_words(at: float) -> str:
    """A moment in UTC, to the minute.

    >>> moment_words(1_795_004_800)
    '2026-11-18 12:26 UTC'
    """
    return f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%d %H:%M} UTC"
