"""Weekly changes of policy: what a stream finds when it goes on through them."""

import itertools
from collections.abc import Iterator

import numpy as np

from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, mean_row
from tierwatch.evaluation.simulation.monitor_twin import Floats, MonitorTwin
from tierwatch.routing.own_rule import own_rule
from tierwatch.routing.policy import Policy

_TOLERANCE = 0.05
# Segment and pooled stream alarm at twice 1e7.
_LEVEL = 2e7
_A_DAY = 36
_LONGEST_DAYS = 150


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """Days until a segment of 36 pairs a day finds 5 -> 10 %, by whose threshold moves weekly."""
    runs = effort.of(200)
    for tier, limit, promised in (("standard", 20.0, True), ("simple", 20.0, True)):
        policies = weekly_policies(tier)
        every = restarts(policies, "simple")
        whose = "another tier's" if tier == "standard" else "its own (lowered)"
        yield mean_row(
            "V7",
            f"{_A_DAY} pairs a day go from 5 to 10 %, {whose} threshold moves weekly",
            "mean days to the alarm",
            days_to_alarm(seed, every, runs=runs),
            limit,
            promised=promised,
            others=f"anew with each policy {days_to_alarm(seed, [7], runs=runs).mean():.0f}",
        )


def weekly_policies(tier: str, weeks: int = 10) -> list[Policy]:
    """A policy a week, each with a lower threshold at a tier."""
    found = [Policy(1, {"simple": 0.9, "standard": 0.9})]
    for week in range(1, weeks):
        found.append(found[-1].with_threshold(tier, 0.9 - week / 100, version=week + 1))
    return found


def restarts(policies: list[Policy], tier: str) -> list[int]:
    """Days after which the evidence of a tier's stream starts anew, by the installed rule."""
    days = []
    for week, (before, after) in enumerate(itertools.pairwise(policies), 1):
        old, new = own_rule(before, tier, None), own_rule(after, tier, None)
        if new != old and not new.loosens(old):
            days.append(7 * week)
    return days[:1]


def days_to_alarm(seed: int, every: list[int], *, runs: int) -> Floats:
    """Days from a doubled rate to the alarm, at most 150, of a stream restarted every so often.

    Args:
        seed: of everything random.
        every: one number of days, or none for a stream that goes on.
        runs: to make.
    """
    rng = np.random.default_rng([seed, *every])
    twin, at = MonitorTwin(_TOLERANCE, runs, _LEVEL), np.full(runs, float(_LONGEST_DAYS))
    phase = rng.integers(0, every[0] * _A_DAY, runs) if every else None
    for pair in range(_LONGEST_DAYS * _A_DAY):
        if phase is not None:
            twin.restart((phase + pair) % (every[0] * _A_DAY) == 0)
        losses = (rng.random(runs) < 2 * _TOLERANCE).astype(np.float64)
        over = twin.update(losses - _TOLERANCE)
        at[over] = np.minimum(at[over], (pair + 1) / _A_DAY)
        if twin.alarmed.all():
            break
    return at
