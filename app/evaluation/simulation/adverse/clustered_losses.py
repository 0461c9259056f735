"""Losses that cluster in time without a session: batch jobs, an incident that comes and goes."""

from collections.abc import Callable, Iterator

import numpy as np

from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, share_row
from tierwatch.evaluation.simulation.monitor_twin import Bools, MonitorTwin

_TOLERANCE = 0.05
_MEASURE = "runs with a false alarm"
# At most 1 % in 100,000 pairs, with the Monte Carlo slack of 300 runs.
_LIMIT = 0.02
_WHY = "promised is: while the rate of each pair, given those before, is within the tolerance"


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """False alarms while a rate is the tolerance, on average or given what came before."""
    runs, pairs = effort.of(300), round(100_000 * effort.length)
    limit = _LIMIT * effort.length
    yield share_row(
        "V3",
        "losses cluster: 5 % after a loss, 3 % after none",
        _MEASURE,
        _alarms(_after_a_loss(seed, 0.05, 0.03, runs), runs, pairs),
        runs,
        limit=limit,
    )
    for correlation in (0.1, 0.2):
        again = _TOLERANCE + correlation * (1 - _TOLERANCE)
        anew = _TOLERANCE * (1 - correlation)
        yield share_row(
            "V3",
            f"losses cluster: 5 % on average, correlation {correlation} from pair to pair",
            _MEASURE,
            _alarms(_after_a_loss(seed, again, anew, runs), runs, pairs),
            runs,
            limit=limit,
            promised=False,
            others=_WHY,
        )
    yield share_row(
        "V3",
        "losses cluster: 5 % on average, stretches of 5 pairs at 2 % and at 15 %",
        _MEASURE,
        _alarms(_stretches(seed, 5, runs), runs, pairs),
        runs,
        limit=limit,
        promised=False,
        others=_WHY,
    )


def _alarms(losses: Callable[[], Bools], runs: int, pairs: int) -> int:
    """Runs that alarm in so many pairs."""
    twin = MonitorTwin(_TOLERANCE, runs)
    for _ in range(pairs):
        twin.update(losses().astype(np.float64) - _TOLERANCE)
    return int(twin.alarmed.sum())


def _after_a_loss(seed: int, again: float, anew: float, runs: int) -> Callable[[], Bools]:
    """Losses as a Markov chain: rate ``again`` after a loss, ``anew`` after none."""
    rng = np.random.default_rng([seed, round(1_000 * again)])
    lost = rng.random(runs) < anew / (1 - again + anew)

    def following() -> Bools:
        nonlocal lost
        lost = rng.random(runs) < np.where(lost, again, anew)
        return lost

    return following


def _stretches(seed: int, length: int, runs: int) -> Callable[[], Bools]:
    """Losses at 15 % or 2 %, a new draw each ``length`` pairs on average; 5 % in the mean."""
    rng = np.random.default_rng([seed, length])
    bad_share = (0.05 - 0.02) / (0.15 - 0.02)
    bad = rng.random(runs) < bad_share

    def following() -> Bools:
        nonlocal bad
        anew = rng.random(runs) < 1 / length
        bad = np.where(anew, rng.random(runs) < bad_share, bad)
        return rng.random(runs) < np.where(bad, 0.15, 0.02)

    return following
