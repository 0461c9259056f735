"""The simulated bursts are the installed ones, and the simulated pairs are what they say."""

import numpy as np
import pytest

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.burst import is_suspicious
from tierwatch.evaluation.simulation import bursts
from tierwatch.evaluation.simulation.monitor_twin import MonitorTwin


def test_a_stream_is_suspicious_here_when_it_is_there() -> None:
    values = np.geomspace(1, 1e9, 400)
    for before in (False, True):
        found = bursts.bursting(values, np.full(values.size, before))
        expected = [is_suspicious(one, bursts.LEVEL, bursting=before) for one in values.tolist()]
        assert found.tolist() == expected


def test_the_twin_updated_in_places_is_the_monitor_with_weights() -> None:
    rng = np.random.default_rng(5)
    monitors = [MisrouteMonitor(0.05, bursts.LEVEL, bursts.CAP) for _ in range(4)]
    twin = MonitorTwin(0.05, 4, bursts.LEVEL)
    for _ in range(600):
        rows = np.flatnonzero(rng.random(4) < (0.2, 0.5, 0.9, 1.0))
        losses, weights = bursts._pairs(rng, np.full(rows.size, 0.2))
        over = twin.update_at(rows, weights / bursts.CAP * (losses - 0.05))
        for row, loss, weight, alarm in zip(rows, losses, weights, over, strict=True):
            assert monitors[row].update(float(loss), float(weight)) == alarm
    assert twin.statistic == pytest.approx([monitor.statistic for monitor in monitors])
    assert twin.statistic_at(np.array([2])) == pytest.approx([monitors[2].statistic])
    assert twin.alarmed[3]


@pytest.mark.parametrize("rate", [0.05, 0.10, 0.5, 0.9])
def test_pairs_have_the_rate_they_are_drawn_for(rate: float) -> None:
    losses, weights = bursts._pairs(np.random.default_rng(1), np.full(400_000, rate))
    assert (weights * losses).sum() / weights.sum() == pytest.approx(rate, rel=0.03)
    # Weights are rate / pi: over all traffic they average 1 per drawn pair's inverse.
    assert weights.mean() == pytest.approx(1.0, abs=0.01)
    assert weights.max() <= bursts.CAP


def test_types_share_the_traffic() -> None:
    assert bursts.SHARES.sum() == pytest.approx(1)
    assert bursts.SHARES.size == 12
    assert np.median(bursts.SHARES) == pytest.approx(0.06)


def test_bursts_bring_the_alarm_sooner_with_as_many_pairs() -> None:
    ours = bursts.delays(1, rate=0.15, per_day=36, runs=60)
    plain = bursts.delays(1, rate=0.15, per_day=36, runs=60, density=1.0)
    assert ours.days.mean() < 0.65 * plain.days.mean()
    assert ours.pairs.mean() == pytest.approx(plain.pairs.mean(), rel=0.25)
    # Without bursts a day has the pairs of the plan.
    assert plain.pairs.mean() == pytest.approx(36 * plain.days.mean(), rel=0.1)


def test_the_same_seed_gives_the_same_runs() -> None:
    one, two = (bursts.delays(4, rate=0.3, per_day=250, runs=5) for _ in range(2))
    assert one.days.tolist() == two.days.tolist()
    assert bursts.false_alarms(2, runs=3, pairs=50) == bursts.false_alarms(2, runs=3, pairs=50)


def test_a_quiet_stream_is_judged_as_planned_and_one_above_its_tolerance_more() -> None:
    quiet = bursts.quiet_cost(1, rate=0.02, per_day=200, runs=20, days=10)
    assert quiet.mean() == pytest.approx(1.0, abs=0.05)
    worse = bursts.quiet_cost(1, rate=0.09, per_day=200, runs=20, days=2)
    assert worse.mean() > 1.5


def test_a_type_that_is_worse_alarms_and_the_tier_within_its_tolerance_does_not() -> None:
    rates = np.full(12, 0.03)
    rates[5] = 0.3
    any_alarm, tier = bursts.false_alarms(1, runs=20, pairs=3_000, rates=rates)
    assert any_alarm == 20
    assert tier == 0


def test_a_high_tolerance_has_its_own_delay() -> None:
    found = bursts.delays(1, rate=0.9, per_day=96, runs=10, before=0.5, tolerance=0.5)
    assert found.pairs.size == 10
    assert found.pairs.mean() < 200
