"""How much a source may send."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.front.rate import Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_second_s_worth_may_come_at_once_and_then_as_time_goes_by() -> None:
    clock = Clock()
    rates = Rates(3, clock=clock)
    assert [rates.takes("a") for _ in range(4)] == [True, True, True, False]
    clock.now = 0.34
    assert [rates.takes("a") for _ in range(2)] == [True, False]


def test_a_source_does_not_take_from_another_one() -> None:
    rates = Rates(1, clock=Clock())
    assert rates.takes("a")
    assert not rates.takes("a")
    assert rates.takes("b")


@given(st.lists(st.floats(0, 0.5), max_size=60), st.integers(1, 5))
def test_never_more_than_the_rate_and_one_second_s_worth(steps: list[float], per_s: int) -> None:
    clock = Clock()
    rates = Rates(per_s, clock=clock)
    taken = 0
    for step in steps:
        clock.now += step
        taken += rates.takes("a")
    assert taken <= per_s + clock.now * per_s + 1e-6
