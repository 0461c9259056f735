"""The recipes of ordinary weeks run the installed monitors; full size in tests/simulation."""

import numpy as np

from tierwatch.evaluation.simulation.adverse import daily_cycle as recipe
from tierwatch.evaluation.simulation.certificate_rows import Effort


def test_each_shape_repeats_weekly() -> None:
    for shape in recipe.SHAPES:
        for hour in (0.5, 30.0, 130.25):
            assert 0 < shape.mean(hour) < 1
            assert np.isclose(shape.mean(hour), shape.mean(hour + 168)), shape.name


def test_a_batch_is_on_mondays_alone() -> None:
    [batch] = [shape for shape in recipe.SHAPES if "batch" in shape.name]
    assert batch.mean(7) == batch.mean(7 + 168) < batch.mean(10) == batch.mean(7 + 24)


def test_rows_are_of_the_shapes_that_are_shown_and_none_fails() -> None:
    rows = list(recipe.rows(Effort(runs=0.01, length=0.02), 7))
    assert len(rows) == sum(shape.shown for shape in recipe.SHAPES)
    for row in rows:
        assert (row.bar, row.verdict != "fails") == ("V5", True)
        assert row.recipe.startswith("daily cycle, 15 days")


def test_one_reference_alarms_where_hours_do_not() -> None:
    wave = next(shape for shape in recipe.SHAPES if "wave of .10" in shape.name)
    assert recipe.alarms_of_one_reference(wave, 2_000, days=3, seed=1) >= 1
    assert recipe.alarms(wave, 2_000, days=15, seed=1) == 0


def test_a_delay_is_counted_from_the_change() -> None:
    [delay] = recipe.delays(20, runs=1, seed=1)
    assert 20 <= delay <= 1_000
