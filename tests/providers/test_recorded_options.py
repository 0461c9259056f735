"""How the recorded provider may behave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import UsageError
from tierwatch.providers.recorded_options import RecordedOptions


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"418": 0.1}, "418"),
        ({"500": -0.1}, "0 or more"),
        ({"500": 0.6, "429": 0.6}, "at most 1"),
    ],
)
def test_impossible_fault_rates_are_refused(rates: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RecordedOptions(error_rates=rates)


def test_every_request_may_fail() -> None:
    assert sum(RecordedOptions(error_rates={"500": 0.5, "html": 0.5}).error_rates.values()) == 1


@given(what=st.text(max_size=5), key=st.text(max_size=5), seed=st.integers(0, 99))
def test_chance_is_a_matter_of_the_seed_the_question_and_the_key(
    what: str, key: str, seed: int
) -> None:
    options = RecordedOptions(seed=seed)
    assert 0 <= options.chance(what, key) < 1
    assert options.chance(what, key) == RecordedOptions(seed=seed).chance(what, key)
    assert options.chance(what, key) != RecordedOptions(seed=seed + 1).chance(what, key)


def test_chances_are_even() -> None:
    options = RecordedOptions()
    drawn = [options.chance("fault", str(number)) for number in range(1_000)]
    # The mean of 1,000 draws has a standard error of sqrt(1/12/1000) = .009.
    assert abs(sum(drawn) / len(drawn) - 0.5) < 0.03
