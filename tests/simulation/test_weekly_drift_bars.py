"""Bar V5: ordinary weeks are silent, and a change is found as soon as before (a minute of CPU)."""

import logging

import numpy as np
import pytest

from tierwatch.evaluation.simulation.adverse import daily_cycle as recipe

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("per_day", [2_000, 20_000])
@pytest.mark.parametrize("shape", recipe.SHAPES, ids=lambda shape: shape.name)
def test_at_most_one_alarm_in_thirty_ordinary_days(shape: recipe.Shape, per_day: int) -> None:
    found = recipe.alarms(shape, per_day, days=30, seed=1)
    measured.info("%s, %d a day: %d alarms", shape.name, per_day, found)
    assert found <= 1


@pytest.mark.timeout(1_800)
def test_one_reference_for_all_hours_alarms_time_and_again() -> None:
    wave = next(shape for shape in recipe.SHAPES if shape.name == "daily wave of .10")
    assert recipe.alarms_of_one_reference(wave, 2_000, days=7, seed=1) >= 5


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("an_hour", "runs"), [(83, 40), (833, 10)])
def test_a_change_is_found_within_one_and_a_half_times_the_delay_of_one_reference(
    an_hour: int, runs: int
) -> None:
    delays = recipe.delays(an_hour, runs=runs, seed=1)
    measured.info("%d an hour: mean delay %.0f, most %.0f", an_hour, delays.mean(), delays.max())
    # Beta(2.5, 1.5) to (1.8, 1.8): 266 requests with one reference.
    assert delays.mean() <= 1.5 * 266
    assert np.isfinite(delays).all()
