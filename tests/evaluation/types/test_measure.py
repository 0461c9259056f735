"""What may build types, and how far types tell losses apart."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.grouping import word_rows
from tierwatch.evaluation.types.measure import (
    FEWEST_PAIRS,
    HeldOutPrompts,
    checked_losses,
    cramers_v,
    measures_types,
    pooled_v,
    type_figures,
)
from tierwatch.evaluation.types.student import teacher_of
from tierwatch.routing.classify.task_types import TaskTypes

nan = math.nan
N = FEWEST_PAIRS
SQL, POEM = "select rows join table", "rhyme verse stanza moon"
TEXTS = [SQL, POEM] * 60


def checked(**changes: Any) -> np.ndarray:
    given: dict[str, Any] = {
        "texts": ["text"] * N,
        "losses": {"simple": [0.0, 1.0] * (N // 2), "standard": [nan] * N},
        "sessions": [f"s{n}" for n in range(N)],
        "most": 12,
    }
    return checked_losses(**(given | changes))


def test_losses_become_a_table_with_a_column_for_each_boundary() -> None:
    table = checked()
    assert table.shape == (N, 2)
    assert table[:2, 0].tolist() == [0.0, 1.0]
    assert np.isnan(table[:, 1]).all()


def test_a_prompt_judged_at_any_boundary_is_judged() -> None:
    one = [0.0 if place % 2 else nan for place in range(N)]
    other = [nan if place % 2 else 1.0 for place in range(N)]
    assert np.isfinite(checked(losses={"simple": one, "standard": other})).any(axis=1).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"most": 1}, "types: found 1; accepted: 2 to 20"),
        ({"most": 21}, "types: found 21"),
        ({"sessions": ["s"]}, "400 texts, 1 sessions"),
        ({"losses": {"simple": [0.0]}}, r"\[1\] losses"),
        ({"losses": {"simple": [0.5] * N}}, "other than 0 and 1"),
        ({"losses": {"simple": [-1.0] * N}}, "other than 0 and 1"),
        ({"losses": {"simple": [0.0] * (N - 1) + [nan]}}, "found 399 judged prompts"),
        ({"losses": {"simple": [math.inf] * N}}, "found 0 judged prompts"),
        ({"losses": {}}, "found 0 judged prompts"),
    ],
)
def test_what_types_cannot_be_built_from_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        checked(**changes)


def test_half_of_the_conversations_measure_and_a_session_is_whole() -> None:
    measured = [measures_types(f"session {n}") for n in range(4_000)]
    # 2,000 expected, standard deviation 32.
    assert 1_880 < sum(measured) < 2_120
    assert measured == [measures_types(f"session {n}") for n in range(4_000)]


def test_a_table_by_hand() -> None:
    # 60 pairs: a 20/10, b 10/20. Expected 15 each: chi2 = 4 * 25 / 15 = 6.667, phi2 = .1111.
    # Less 1/59 = .0942; rows and columns 2 - 1/59 each: V = sqrt(.0942 / .98305) = .3095.
    groups = ["a"] * 30 + ["b"] * 30
    losses = [1] * 20 + [0] * 10 + [1] * 10 + [0] * 20
    assert cramers_v(groups, losses) == pytest.approx(0.30949, abs=1e-4)


@pytest.mark.parametrize(
    ("groups", "losses"),
    [
        ([], []),
        (["a"], [1]),
        (["a", "b"], [0, 1]),
        (["a"] * 9, [0, 1, 0] * 3),
        (["a", "b"] * 9, [1] * 18),
        (["a", "b"] * 9, [math.nan] * 18),
        (["a", "b", "c"], [1, 0, 1]),
    ],
)
def test_what_cannot_be_said_is_none(groups: list[str], losses: list[float]) -> None:
    assert cramers_v(groups, losses) is None


def test_pairs_without_a_loss_are_left_out() -> None:
    groups = ["a", "b"] * 20 + ["c"] * 20
    losses = [0.0, 1.0] * 20 + [math.nan] * 20
    assert cramers_v(groups, losses) == cramers_v(groups[:40], losses[:40])
    assert cramers_v(groups, losses) == pytest.approx(1)


def test_random_groups_have_almost_none_on_average_where_plain_v_would_not() -> None:
    rng = np.random.default_rng(3)
    found = [cramers_v(rng.integers(12, size=500), rng.random(500) < 0.3) for _ in range(200)]
    assert np.mean([v for v in found if v is not None]) < 0.06  # uncorrected: sqrt(11 / 499) = .15


def test_pooling_weighs_pairs() -> None:
    assert pooled_v([(0.6, 100), (0.0, 300)]) == pytest.approx(0.3)
    assert pooled_v([(None, 100), (0.2, 0)]) is None
    assert pooled_v([]) is None


rows = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0])), max_size=60)


@given(rows, st.permutations("abc"))
def test_names_and_the_side_of_the_loss_do_not_matter(
    pairs: list[tuple[str, float]], names: list[str]
) -> None:
    groups, losses = [name for name, _ in pairs], [loss for _, loss in pairs]
    plain = cramers_v(groups, losses)
    other = dict(zip("abc", names, strict=True))
    renamed = cramers_v([other[name] for name in groups], losses)
    turned = cramers_v(groups, [1 - loss for loss in losses])
    for found in (renamed, turned):
        assert (found is None) == (plain is None)
        if plain is not None:
            assert 0 <= plain <= 1
            # Rounding is that of the square: where it is 1e-17 and not 0, its root is 3e-9.
            assert found**2 == pytest.approx(plain**2, abs=1e-12)


def test_the_same_rates_on_more_pairs_show_more() -> None:
    # The mean of V under chance is taken off, and it falls with n.
    few = cramers_v(["a"] * 20 + ["b"] * 20, ([0] * 8 + [1] * 12) + ([0] * 12 + [1] * 8))
    many = cramers_v(
        ["a"] * 400 + ["b"] * 400, ([0] * 8 + [1] * 12) * 20 + ([0] * 12 + [1] * 8) * 20
    )
    assert few is not None
    assert many is not None
    assert few < many
    # Without the correction: chi2 / n = .04, so .2.
    assert many == pytest.approx(0.2, abs=0.01)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1), st.integers(0, 500)), max_size=6))
def test_a_pooled_v_lies_between_those_of_its_boundaries(
    parts: list[tuple[float | None, int]],
) -> None:
    found = pooled_v(parts)
    known = [v for v, pairs in parts if v is not None and pairs]
    if not known:
        assert found is None
        return
    assert found is not None
    assert min(known) - 1e-9 <= found <= max(known) + 1e-9
    assert math.isfinite(found)


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
