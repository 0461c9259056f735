import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.shown.shares import rooms

WANTED = st.lists(st.tuples(st.integers(0, 500), st.floats(0.1, 50)), max_size=8)


@pytest.mark.parametrize(
    ("needs", "shares", "total", "given"),
    [
        ([], [], 10, []),
        ([5], [1], 10, [5]),
        ([50], [1], 10, [10]),
        ([50, 50], [3, 1], 100, [50, 50]),
        ([500, 500], [3, 1], 100, [75, 25]),
        # 10 need no more; of the 90 left, 30 and 60.
        ([10, 500, 500], [1, 1, 2], 100, [10, 30, 60]),
        # The second is content only once the first has left something over.
        ([10, 30, 500], [1, 1, 1], 90, [10, 30, 50]),
        ([0, 500], [9, 1], 10, [0, 10]),
        ([5, 5], [1, 1], 0, [0, 0]),
    ],
)
def test_rooms(needs: list[int], shares: list[float], total: int, given: list[int]) -> None:
    assert rooms(needs, shares, total) == given


@given(WANTED, st.integers(0, 1_000))
def test_nobody_starves_and_nothing_is_wasted(wanted: list[tuple[int, float]], total: int) -> None:
    needs, shares = [need for need, _ in wanted], [share for _, share in wanted]
    given = rooms(needs, shares, total)
    assert sum(given) <= total
    for got, need, share in zip(given, needs, shares, strict=True):
        assert got <= need
        assert got >= min(need, int(total * share / sum(shares) - 1e-6))
    # Rounding down may leave less than one for each.
    assert sum(given) >= min(total, sum(needs)) - len(needs)


@given(WANTED, st.integers(0, 1_000))
def test_the_place_does_not_count(wanted: list[tuple[int, float]], total: int) -> None:
    needs, shares = [need for need, _ in wanted], [share for _, share in wanted]
    turned = rooms(needs[::-1], shares[::-1], total)[::-1]
    assert all(
        abs(one - other) <= 1
        for one, other in zip(rooms(needs, shares, total), turned, strict=True)
    )


@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 1_000))
def test_two_alike_have_one_level(one: int, other: int, total: int) -> None:
    given = rooms([one, other], [1.0, 1.0], total)
    assert given[::-1] == rooms([other, one], [1.0, 1.0], total)
    if given != [one, other]:
        level = max(given)
        assert given == [min(one, level), min(other, level)]
