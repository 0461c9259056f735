"""Bursts: how soon an alarm comes, what it costs, and that it comes no more often when all is well.

Time passes in steps of a quarter of an hour, as long as verdicts and a poll may take: how densely a
stream is sampled in one follows from its statistic at the end of the one before. The monitors are
`MonitorTwin`s, which tests hold against `MisrouteMonitor`.

Pairs are those of the shipped plan, in two phases: a pair in `_DENSE` of the sample comes from the
bins where losses are likely, with the weight .59, the others have 1.27, under a cap of 2.5.
"""

from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.sampling.burst import BEGIN_SHARE, END_PART, LEAST_BEGIN
from tierwatch.evaluation.simulation.monitor_twin import Bools, Floats, MonitorTwin

TOLERANCE = 0.05
# A pair feeds its segment and its tier: both alarm at twice 1e7.
LEVEL = 2e7
CAP = 2.5
DENSITY = 10.0
# Verdicts come within minutes, a conversation is over after ten, a gateway polls each five seconds.
_STEP_DAYS = 1 / 96
# Weights of the bins that are sampled more and less than on average, the share of the *sample* that
# the former have, and how much likelier a loss is there: .2346 / .59 + .7654 / 1.27 = 1.
_LIGHT, _HEAVY, _DENSE, _LIKELIER = 0.59, 1.27, 0.3976, 6.5
_DENSE_TRAFFIC = _DENSE * _LIGHT
# Traffic of twelve task types, the largest first: a median one has 6 %.
SHARES = np.array([0.24, 0.18, 0.12, 0.09, 0.07, 0.06, 0.06, 0.05, 0.05, 0.03, 0.03, 0.02])


@dataclass(frozen=True, slots=True)
class Found:
    """From a change to its alarm; one value a run that had not alarmed before.

    Attributes:
        days: until the alarm.
        pairs: judged in them.
    """

    days: Floats
    pairs: Floats


def delays(
    seed: int,
    *,
    rate: float,
    per_day: float,
    runs: int,
    density: float = DENSITY,
    before: float = TOLERANCE,
    change: float = 500,
    tolerance: float = TOLERANCE,
) -> Found:
    """A stream's rate jumps after the time that the plan alone takes for ``change`` pairs.

    Args:
        seed: of everything random.
        rate: of losses afterwards.
        per_day: pairs that the plan alone samples in a day.
        runs: to simulate.
        density: of bursts; 1 is none.
        before: rate of losses at first.
        change: pairs of the plan until then.
        tolerance: of the stream; a rise must exceed it, or no alarm comes.
    """
    rng = np.random.default_rng([seed, round(1_000 * rate), round(per_day), round(density)])
    stream = _Streams(runs, density, tolerance)
    first = round(change / per_day / _STEP_DAYS)
    days, pairs = np.zeros(runs), np.zeros(runs)
    step = 0
    while not stream.twin.alarmed.all():
        judged = stream.step(rng, rate if step >= first else before, per_day)
        step += 1
        if step > first:
            pairs += judged
        days[(days == 0) & stream.twin.alarmed] = step * _STEP_DAYS
    late = days > first * _STEP_DAYS
    return Found(days[late] - first * _STEP_DAYS, pairs[late])


def quiet_cost(
    seed: int, *, rate: float, per_day: float, runs: int, days: float, density: float = DENSITY
) -> Floats:
    """Judged pairs in quiet time as a multiple of what the plan alone samples; shape (runs,)."""
    rng = np.random.default_rng([seed, round(1_000 * rate), 7])
    stream = _Streams(runs, density)
    judged, expected = np.zeros(runs), 0.0
    for _ in range(round(days / _STEP_DAYS)):
        judged += stream.step(rng, rate, per_day)
        expected += per_day * _STEP_DAYS
    return np.asarray(judged / expected)


class _Streams:
    """One stream a run, sampled as its own statistic says."""

    def __init__(self, runs: int, density: float, tolerance: float = TOLERANCE) -> None:
        self.twin = MonitorTwin(tolerance, runs, LEVEL)
        self._tolerance = tolerance
        self._density = density
        self._bursting = np.zeros(runs, dtype=np.bool_)

    def step(self, rng: np.random.Generator, rate: float, per_day: float) -> Floats:
        """A quarter of an hour; how many pairs were judged in it, by run."""
        twin = self.twin
        self._bursting = bursting(twin.statistic, self._bursting) & ~twin.alarmed
        dense = np.where(self._bursting, self._density, 1.0)
        coming = rng.poisson(per_day * _STEP_DAYS * dense)
        left = np.where(twin.alarmed, 0, coming)
        judged = left.astype(np.float64)
        while (rows := np.flatnonzero(left > 0)).size:
            losses, weights = _pairs(rng, np.full(rows.size, rate))
            over = twin.update_at(rows, weights / CAP * (losses - self._tolerance))
            left[rows] -= 1
            # What was drawn and not yet judged when the alert opened is paid all the same.
            left[rows[over]] = 0
        return judged


def bursting(statistic: Floats, before: Bools) -> Bools:
    """Which streams are sampled more densely: `is_suspicious` for many."""
    begin = max(LEAST_BEGIN, BEGIN_SHARE * LEVEL)
    return np.asarray(statistic >= np.where(before, END_PART, 1.0) * begin)


def false_alarms(
    seed: int,
    *,
    runs: int,
    pairs: int,
    rates: Floats | None = None,
    own_weights: bool = False,
) -> tuple[int, int]:
    """Runs in which a stream of a tier with twelve types alarms, and in which the tier's does.

    Each type and the tier are sampled more densely as their own statistics say.

    Args:
        seed: of everything random.
        runs: to simulate.
        pairs: of the tier in each run; each feeds its type's stream and the tier's.
        rates: of losses by type; None for the tolerance in each.
        own_weights: let pairs weigh in the tier's stream what they weigh in their own, as if
            their type had not been sampled more densely: what must not be done.
    """
    rng = np.random.default_rng([seed, runs, own_weights])
    count = SHARES.size
    of_type = np.full(count, TOLERANCE) if rates is None else rates
    types, tier = MonitorTwin(TOLERANCE, runs * count, LEVEL), MonitorTwin(TOLERANCE, runs, LEVEL)
    types_dense = np.zeros((runs, count), dtype=np.bool_)
    tier_dense = np.zeros(runs, dtype=np.bool_)
    every = np.arange(runs)
    for _ in range(pairs):
        common = np.where(tier_dense, DENSITY, 1.0)
        densities = np.where(types_dense, DENSITY, common[:, None])
        up_to = np.cumsum(SHARES * densities, axis=1)
        kind = (rng.random(runs)[:, None] * up_to[:, -1:] >= up_to).sum(axis=1)
        losses, weights = _pairs(rng, of_type[kind])
        surplus = weights / CAP * (losses - TOLERANCE)
        rows = every * count + kind
        types.update_at(rows, surplus)
        tier.update(surplus if own_weights else surplus * common / densities[every, kind])
        types_dense[every, kind] = (
            bursting(types.statistic_at(rows), types_dense[every, kind]) & ~types.alarmed[rows]
        )
        tier_dense = bursting(tier.statistic, tier_dense) & ~tier.alarmed
    alarmed = tier.alarmed | types.alarmed.reshape(runs, count).any(axis=1)
    return int(alarmed.sum()), int(tier.alarmed.sum())


def _pairs(rng: np.random.Generator, rates: Floats) -> tuple[Floats, Floats]:
    """Losses and weights of pairs from streams with these rates among all of their traffic."""
    dense = rng.random(rates.size) < _DENSE
    base = rates / (_DENSE_TRAFFIC * _LIKELIER + 1 - _DENSE_TRAFFIC)
    likely = np.minimum(1.0, _LIKELIER * base)
    other = (rates - _DENSE_TRAFFIC * likely) / (1 - _DENSE_TRAFFIC)
    losses = rng.random(rates.size) < np.where(dense, likely, other)
    return losses.astype(np.float64), np.where(dense, _LIGHT, _HEAVY)
