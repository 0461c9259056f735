import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.evidence.codec import plain, read
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.thresholds.moving import MovingPairs
from tierwatch.evaluation.thresholds.moving_pairs import moving_pairs

# A proposal that was certified: 15 losses of 348 kept, and 3 of the 24 that move.
C = [0.8] * 324 + [0.65] * 24
X = [1.0] * 12 + [0.0] * 312 + [1.0] * 3 + [0.0] * 21


def lowered(**changes: float | None) -> MovingPairs:
    arguments = {"current": 0.7, "proposed": 0.6, "tolerated": 0.05} | changes
    return moving_pairs(C, X, None, **arguments)  # type: ignore[arg-type]  # by keyword


def test_the_few_that_move_are_apart_from_all_those_kept() -> None:
    found = lowered()
    assert found.misroute.value == pytest.approx(0.125)
    assert (found.misroute.low, found.misroute.high) == pytest.approx(clopper_pearson(3, 24))
    assert (found.misroute.n, found.effective, found.lowers) == (24, 24.0, True)


def test_too_few_of_them_are_said_with_what_is_known() -> None:
    found = lowered()
    assert found.are_few
    assert found.warning == (
        "Only 24 effective pairs would move, and 30 are needed to know how they would fare: 12.5 %"
        " of them are misrouted at the lower tier (2.7 % to 32.4 %, 24 pairs); 5.0 % is tolerated"
    )
    assert "nothing is known of their rate" in lowered(proposed=0.69).warning


def test_those_above_what_is_tolerated_are_said() -> None:
    bad = moving_pairs([0.65] * 100, [1] * 9 + [0] * 91, None, current=0.7, proposed=0.6)
    assert bad.warning == ""  # no rate is tolerated of the tier alone
    bad = moving_pairs(
        [0.65] * 100, [1] * 9 + [0] * 91, None, current=0.7, proposed=0.6, tolerated=0.05
    )
    assert not bad.are_few
    assert bad.warning.startswith("The requests that would move are worse than is tolerated: 9.0 %")


def test_enough_of_them_within_what_is_tolerated_need_no_word() -> None:
    good = moving_pairs(
        [0.65] * 100, [1] * 5 + [0] * 95, None, current=0.7, proposed=0.6, tolerated=0.05
    )
    assert (good.are_bad, good.are_few, good.warning) == (False, False, "")


def test_what_is_sent_up_may_be_as_bad_as_it_is() -> None:
    # Their rate is why they are sent up. Too few of them is worth a word all the same.
    many = moving_pairs(
        [0.75] * 100, [1] * 40 + [0] * 60, None, current=0.7, proposed=0.8, tolerated=0.05
    )
    assert (many.lowers, many.are_bad, many.warning) == (False, False, "")
    few = moving_pairs([0.75] * 9, [1] * 9, None, current=0.7, proposed=0.8, tolerated=0.05)
    assert "Only 9 effective pairs would move" in few.warning
    assert "tolerated" not in few.warning


def test_a_threshold_that_stays_moves_nothing() -> None:
    found = lowered(proposed=0.7)
    assert (found.misroute.value, found.effective) == (None, 0.0)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_a_threshold_that_is_none_is_refused(threshold: float) -> None:
    with pytest.raises(EvidenceError, match="threshold must lie in"):
        lowered(proposed=threshold)
    with pytest.raises(EvidenceError, match="threshold must lie in"):
        lowered(current=threshold)


def test_heavy_pairs_are_worth_fewer() -> None:
    w = [1.0] * 348
    w[324] = 50.0
    found = moving_pairs(C, X, w, current=0.7, proposed=0.6, tolerated=0.05)
    assert found.effective < 3
    assert found.misroute.value == pytest.approx(52 / 73)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=50),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_what_moves_is_between_the_thresholds_whichever_way(
    pairs: list[tuple[float, bool]], now: int, then: int
) -> None:
    c, x = [one for one, _ in pairs], [float(lost) for _, lost in pairs]
    found = moving_pairs(c, x, None, current=now / 100, proposed=then / 100)
    back = moving_pairs(c, x, None, current=then / 100, proposed=now / 100)
    low, high = sorted((now / 100, then / 100))
    assert found.misroute.n == sum(1 for one in c if low <= one < high)
    assert back.misroute == found.misroute
    assert read(MovingPairs, plain(found)) == found
