import pytest
from factories.windows import AFTER, BEFORE, cell
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.claims import Claims, claims_of
from tierwatch.evaluation.attribution.interval import Interval
from tierwatch.evaluation.attribution.split import Split, split_windows

NONE = Claims(mix=False, within=False, judge=False, quality=False)
Window = dict[str, Cell]


def split(before: Window = BEFORE, after: Window = AFTER) -> Split:
    found = split_windows(before, after)
    assert found is not None
    return found


def test_a_change_within_a_cell_is_within_and_without_a_judge_no_more() -> None:
    assert claims_of(split(), None, 1.96) == Claims(
        mix=False, within=True, judge=False, quality=False
    )


def test_a_change_of_the_traffic_is_mix() -> None:
    before = {"easy": cell(9_000, 180), "hard": cell(1_000, 200)}
    after = {"easy": cell(5_000, 100), "hard": cell(5_000, 1_000)}
    assert claims_of(split(before, after), None, 1.96).mix


# The change is .05 -+ 1.96 * .0037 = .0427 to .0573; half of it .025.
@pytest.mark.parametrize(
    ("judge", "blamed", "cleared"),
    [
        (Interval(0.05, 0.045, 0.055), True, False),
        (Interval(0.0, -0.004, 0.004), False, True),
        (Interval(0.025, 0.005, 0.045), False, False),  # half, and nobody can say which half
        (Interval(0.05, -0.05, 0.15), False, False),  # the whole, or nothing
        (Interval(-0.05, -0.055, -0.045), False, True),  # it hid half of a fall of quality
        (Interval(float("nan"), -1.0, 1.0), False, False),
    ],
)
def test_the_judge_is_blamed_for_half_or_cleared_of_it(
    judge: Interval,
    blamed: bool,  # noqa: FBT001 - a table
    cleared: bool,  # noqa: FBT001 - a table
) -> None:
    found = claims_of(split(), judge, 1.96)
    assert (found.judge, found.quality) == (blamed, cleared)
    fallen = claims_of(split(AFTER, BEFORE), judge.negated(), 1.96)
    assert (fallen.judge, fallen.quality) == (blamed, cleared)


def test_no_change_is_nobodys() -> None:
    assert claims_of(split(BEFORE, BEFORE), Interval(0.05, 0.04, 0.06), 1.96) == NONE


def test_a_change_must_stand_at_99_percent_whatever_the_level_of_the_parts() -> None:
    # 40 and 60 of 1,000: z = .02 / sqrt(.04 * .96 / 1,000 + .06 * .94 / 1,000) = 2.05 < 2.58
    weak = split({"all": cell(1_000, 40)}, {"all": cell(1_000, 60)})
    assert claims_of(weak, None, 0.1) == NONE


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.floats(-0.2, 0.2), st.floats(0, 0.1))
def test_judge_and_quality_are_never_both_named(
    bad_before: int, bad_after: int, value: float, half: float
) -> None:
    windows = split({"all": cell(2_000, bad_before)}, {"all": cell(2_000, bad_after)})
    found = claims_of(windows, Interval(value, value - half, value + half), 1.96)
    assert not (found.judge and found.quality)
    assert not (found.mix and found.within)
