"""Cramer's V, corrected for bias."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.types.association import cramers_v, pooled_v


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
            assert found == pytest.approx(plain, abs=1e-9)


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
