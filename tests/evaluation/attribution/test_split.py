import math

import numpy as np
import pytest
from factories.windows import AFTER, BEFORE, cell
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.split import split_windows, total_rate


def test_the_split_shows_its_arithmetic() -> None:
    before = {"easy": cell(600, 12), "hard": cell(400, 40)}
    after = {"easy": cell(400, 12), "hard": cell(600, 90)}
    # rates .02 .10 -> .03 .15; shares .6 .4 -> .4 .6; totals .052 -> .102
    # mix = -.2 * .025 + .2 * .125 = .020;  within = .01 * .5 + .05 * .5 = .030
    found = attribute(before, after)
    assert (found.evidence.rate_before, found.evidence.rate_after) == pytest.approx((0.052, 0.102))
    assert found.parts.change.value == pytest.approx(0.05)
    assert found.parts.mix.value == pytest.approx(0.02)
    assert found.parts.within.value == pytest.approx(0.03)
    hard, easy = found.evidence.segments
    # hard: mix .2 * (.125 - .077), within .025; easy: mix -.2 * (.025 - .077), within .005
    assert (hard.key, hard.mix, hard.within) == (
        "hard",
        pytest.approx(0.0096),
        pytest.approx(0.025),
    )
    assert (easy.key, easy.mix, easy.within) == (
        "easy",
        pytest.approx(0.0104),
        pytest.approx(0.005),
    )
    assert (hard.share_before, hard.share_after) == (0.4, 0.6)
    assert (hard.rate_before, hard.rate_after) == (0.1, 0.15)


def test_weights_count_by_their_squares() -> None:
    # Weights 1 and 3 alike often: (2n)^2 / 5n = .8 n effective pairs, so sqrt(1.25) the width.
    def weighted(n: int, bad: float) -> dict[str, Cell]:
        return {"all": Cell(n, 2.0 * n, 5.0 * n, 2.0 * bad)}

    plain = attribute(BEFORE, AFTER).parts.change
    wide = attribute(weighted(10_000, 500), weighted(10_000, 1_000)).parts.change
    assert wide.value == pytest.approx(plain.value)
    ratio = (wide.high - wide.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(math.sqrt(1.25), rel=1e-3)


def test_a_cell_of_one_window_is_mix() -> None:
    # easy keeps its rate of .02; hard arrives with .2: the change is .2 * (.2 - .02) = .036
    found = attribute(
        {"easy": cell(10_000, 200)}, {"easy": cell(8_000, 160), "hard": cell(2_000, 400)}
    )
    assert found.parts.mix.value == pytest.approx(0.036)
    assert found.parts.within.value == pytest.approx(0.0)
    assert found.cause == "mix"
    arrived = next(shift for shift in found.evidence.segments if shift.key == "hard")
    assert (arrived.rate_before, arrived.rate_after) == (None, 0.2)
    # Its rate's error: sqrt(.2 * .8 / 2,000) * .2 beside the others, not half of it.
    least = 1.96 * 0.2 * math.sqrt(0.2 * 0.8 / 2_000)
    assert (found.parts.mix.high - found.parts.mix.low) / 2 > least


def test_many_cells_of_few_pairs_stay_uncertain() -> None:
    rng = np.random.default_rng(3)
    before, after = (
        {f"cell {i}": cell(4, float(rng.binomial(4, 0.05))) for i in range(250)} for _ in range(2)
    )
    sparse = attribute(before, after).parts.change
    # The same pairs in a single cell: sqrt(2 * .05 * .95 / 1,000) * 1.96 = .019
    assert (sparse.high - sparse.low) / 2 > 0.017


def test_only_the_five_largest_movers_are_listed() -> None:
    before = {f"cell {i}": cell(1_000, 50) for i in range(8)}
    after = {f"cell {i}": cell(1_000, 50 + 10 * i) for i in range(8)}
    shown = [shift.key for shift in attribute(before, after).evidence.segments]
    assert shown == [f"cell {i}" for i in (7, 6, 5, 4, 3)]


cells = st.tuples(st.integers(0, 60), st.floats(0, 1))
windows = st.lists(cells, min_size=1, max_size=5)


def window(rows: list[tuple[int, float]], names: str = "abcde") -> dict[str, Cell]:
    return {name: cell(n, n * rate) for name, (n, rate) in zip(names, rows, strict=False)}


@given(windows, windows)
def test_mix_and_within_leave_nothing_over(
    before: list[tuple[int, float]], after: list[tuple[int, float]]
) -> None:
    split = split_windows(window(before), window(after))
    if split is None:
        return
    mix, within, change = (split.contrast(*by)[0] for by in ((1, 0), (0, 1), (1, 1)))
    assert mix + within == pytest.approx(change, abs=1e-12)
    assert change == pytest.approx(split.rates[1] - split.rates[0], abs=1e-12)
    assert all(0 <= rate <= 1 + 1e-9 for rate in split.rates)


@given(windows, windows, st.permutations("abcde"))
def test_names_and_order_of_the_cells_do_not_matter(
    before: list[tuple[int, float]], after: list[tuple[int, float]], names: list[str]
) -> None:
    one = split_windows(window(before), window(after))
    other = split_windows(window(before, "".join(names)), window(after, "".join(names)))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        for by in ((1, 0), (0, 1), (1, 1)):
            assert other.contrast(*by) == pytest.approx(one.contrast(*by), abs=1e-9)


@given(windows, windows)
def test_the_windows_the_other_way_round_turn_every_part_round(
    before: list[tuple[int, float]], after: list[tuple[int, float]]
) -> None:
    there, back = (
        split_windows(window(one), window(other))
        for one, other in ((before, after), (after, before))
    )
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        for by in ((1, 0), (0, 1), (1, 1)):
            value, error = there.contrast(*by)
            assert back.contrast(*by) == pytest.approx((-value, error), abs=1e-9)


def test_a_part_scales_with_its_factor_and_so_does_its_error() -> None:
    split = split_windows(window([(600, 0.02), (400, 0.1)]), window([(400, 0.03), (600, 0.15)]))
    assert split is not None
    value, error = split.contrast(1, 0)
    assert split.contrast(-2, 0) == pytest.approx((-2 * value, 2 * error))


def test_more_pairs_of_the_same_rates_are_more_certain_by_their_root() -> None:
    few = split_windows(window([(400, 0.05)]), window([(400, 0.1)]))
    many = split_windows(window([(40_000, 0.05)]), window([(40_000, 0.1)]))
    assert few is not None
    assert many is not None
    # A hundred times the pairs; the added pair of a half moves the few a little.
    assert few.contrast(1, 1)[1] / many.contrast(1, 1)[1] == pytest.approx(10, rel=0.02)


def test_a_window_of_no_pairs_is_no_window() -> None:
    full = window([(10, 0.1)])
    assert split_windows({}, full) is None
    assert split_windows(full, {}) is None
    assert split_windows(full, window([(0, 0.0)])) is None
    assert total_rate({}) == total_rate(window([(0, 0.0)])) == 0.0
    assert total_rate(window([(10, 0.1), (30, 0.5)])) == pytest.approx(16 / 40)
