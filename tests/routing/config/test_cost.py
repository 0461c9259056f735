"""How prices are written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from tierwatch.routing.config.cost import read_price
from tierwatch.routing.tiers import Price


@pytest.mark.parametrize(
    ("value", "usd"),
    [
        ("~$0.25/M tokens", (0.25, 0.25)),
        ("~$15.00/M tokens", (15.0, 15.0)),
        ("$0.25/1M", (0.25, 0.25)),
        ("$3 per million tokens", (3.0, 3.0)),
        ("0.25", (0.25, 0.25)),
        (3, (3.0, 3.0)),
        (0, (0.0, 0.0)),
        ({"input": 3, "output": 15}, (3.0, 15.0)),
        ({"input": "$3/M", "output": "~$15/M tokens"}, (3.0, 15.0)),
    ],
)
def test_prices(value: Any, usd: tuple[float, float]) -> None:
    assert read_price(value) == Price(*usd)


@pytest.mark.parametrize(
    "value",
    ["", "cheap", "$3/K tokens", "3 EUR", -1, True, None, [], {}, {"input": 3},
     {"input": 3, "output": 15, "cached": 1}, {"input": 3, "output": "dear"}, float("inf")],
)  # fmt: skip
def test_no_prices(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="USD per million tokens"):
        read_price(value)


def test_cache_prices_are_read_beside_the_others() -> None:
    written = {"input": 3, "output": 15, "cached_input": "$0.3/M", "cache_write": 3.75}
    assert read_price(written) == Price(3.0, 15.0, 0.3, 3.75)
    assert read_price({"input": 3, "output": 15, "cache_write": 0}).cache_write_usd_per_mtok == 0


def test_a_price_that_was_read_is_taken_as_it_is() -> None:
    price = Price(1, 2)
    assert read_price(price) is price


@given(usd=st.floats(0, 1e6), mark=st.sampled_from(["", "$", "~$", "~ $ "]))
def test_what_is_written_with_a_unit_is_the_number(usd: float, mark: str) -> None:
    assert read_price(f"{mark}{usd:.6f}/M tokens") == read_price(round(usd, 6))


@given(value=st.text(max_size=40))
def test_any_text_is_a_price_or_refused(value: str) -> None:
    try:
        assert read_price(value).input_usd_per_mtok >= 0
    except PydanticCustomError as error:
        assert "USD per million tokens" in (error.context or {})["accepted"]  # noqa: PT017
