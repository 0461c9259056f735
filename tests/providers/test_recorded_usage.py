"""Usage that costs what was recorded."""

from dataclasses import replace

import pytest
from factories.recorded import exchange
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.providers.recorded_usage import tokens, usage
from tierwatch.providers.traffic_file import RecordedAnswer

ONE = exchange("e1", "p" * 40, texts=("x" * 20, "mid", "high"))


def test_without_prices_four_characters_are_a_token() -> None:
    assert tokens(ONE, "simple", None) == usage(10, 5)
    assert tokens(ONE, "simple", (1.0, 0.0)) == usage(10, 5)  # nothing to solve for


@given(cost=st.floats(0, 0.1), price=st.floats(0.1, 30))
def test_the_usage_costs_what_was_recorded_within_half_a_token(cost: float, price: float) -> None:
    answers = {**ONE.answers, "simple": RecordedAnswer("x", cost)}
    counts = tokens(replace(ONE, answers=answers), "simple", (price, price))
    assert counts["prompt_tokens"] == 10
    paid = (counts["prompt_tokens"] + counts["completion_tokens"]) * price / 1e6
    if cost >= 10 * price / 1e6:
        assert paid == pytest.approx(cost, abs=0.51 * price / 1e6)
    else:  # the prompt alone costs more than was recorded
        assert counts["completion_tokens"] == 0


def test_the_total_is_the_sum() -> None:
    assert usage(3, 4) == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
