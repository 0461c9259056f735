import math

import numpy as np
import pytest

from tierwatch.evaluation.types.association import cramers_v
from tierwatch.evaluation.types.held_out_prompts import HeldOutPrompts, type_figures
from tierwatch.evaluation.types.prompt_points import word_rows
from tierwatch.evaluation.types.student import teacher_of
from tierwatch.routing.classify.task_types import TaskTypes

nan = math.nan
SQL, POEM = "select rows join table", "rhyme verse stanza moon"
TEXTS = [SQL, POEM] * 60


def types() -> TaskTypes:
    """Two types, ``type-1`` of SQL and ``type-2`` of poems."""
    return teacher_of(word_rows(TEXTS), 1)(np.array([0, 1] * 60))


def held(*losses: list[float]) -> HeldOutPrompts:
    names = ("simple", "standard")[: len(losses)]
    return HeldOutPrompts(TEXTS, np.array(losses).T, names)


def test_the_student_tells_the_groups_it_was_taught() -> None:
    assert held([nan] * 120).groups(types()).tolist() == ["type-1", "type-2"] * 60


def test_v_is_one_where_the_type_decides_and_none_where_nothing_was_judged() -> None:
    out = held([1.0, 0.0] * 60, [nan] * 120)
    groups = out.groups(types())
    assert out.by_boundary(groups) == {"simple": pytest.approx(1.0), "standard": None}
    # The boundary that says nothing weighs nothing.
    assert out.v(types()) == pytest.approx(1.0)


def test_v_is_the_pooled_one_of_both_boundaries() -> None:
    rng = np.random.default_rng(1)
    losses = [
        (rng.random(120) < np.tile(rates, 60)).astype(float) for rates in ((0.7, 0.2), (0.5, 0.4))
    ]
    out = held(*(column.tolist() for column in losses))
    groups = out.groups(types())
    first, second = (cramers_v(groups, column) or 0.0 for column in losses)
    assert out.pooled(groups) == pytest.approx(math.sqrt((first**2 + second**2) / 2))


def test_random_groups_of_the_same_sizes_tell_next_to_nothing() -> None:
    out = held([1.0, 0.0] * 60)
    random = out.random(types(), seed=1)
    assert len(random) == 40
    assert np.mean(random) < 0.2 < out.v(types())
    assert random == out.random(types(), seed=1) != out.random(types(), seed=2)


def test_where_nothing_was_judged_v_is_nothing() -> None:
    assert held([nan] * 120).v(types()) == 0.0


def test_figures_are_shares_of_all_prompts_and_losses_of_the_held_out_ones() -> None:
    out = held([1.0, nan] * 60)
    groups = ["type-1"] * 30 + ["type-2"] * 90
    sql, poem = type_figures(types(), groups, out)
    assert (sql.name, sql.prompts, sql.losses) == ("type-1", 0.25, {"simple": 1.0})
    assert (poem.name, poem.prompts, poem.losses) == ("type-2", 0.75, {"simple": None})
