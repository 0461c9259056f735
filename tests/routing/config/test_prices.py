"""What a model costs, where that comes from, and what the shipped table holds."""

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ConfigError
from tierwatch.routing.config.prices import (
    STALE_AFTER_DAYS,
    PriceTable,
    price_of,
    price_words,
    shipped_prices,
)
from tierwatch.routing.tiers import Price, resolved_model

counts = st.integers(0, 10_000_000)
usd = st.floats(0, 1_000, allow_nan=False)
prices = st.builds(Price, usd, usd, st.none() | usd, st.none() | usd)


def test_cached_and_written_tokens_are_part_of_the_prompt() -> None:
    price = Price(3.0, 15.0, 0.3, 3.75)
    # 1,000 read: 600 cached, 100 written, 300 fresh; 200 put out.
    dollars = 300 * 3 + 600 * 0.3 + 100 * 3.75 + 200 * 15
    assert price.cost_usd(1_000, 200, 600, 100) == pytest.approx(dollars / 1e6)
    # Without prices of their own they are input like any other.
    assert Price(3.0, 15.0).cost_usd(1_000, 200, 600, 100) == pytest.approx(6_000 / 1e6)
    assert (Price(3.0, 15.0).cached_usd_per_mtok, price.cached_usd_per_mtok) == (3.0, 0.3)
    # A cache that costs nothing is not one whose price is not known.
    assert Price(3.0, 15.0, 0.0).cost_usd(1_000, 0, 1_000) == 0.0


@given(price=prices, prompt=counts, completion=counts, cached=counts, written=counts)
def test_no_count_makes_a_cost_below_zero_or_above_the_dearest_token(
    price: Price, prompt: int, completion: int, cached: int, written: int
) -> None:
    cost = price.cost_usd(prompt, completion, cached, written)
    reading = (price.input_usd_per_mtok, price.cached_usd_per_mtok, price.written_usd_per_mtok)
    low = (prompt * min(reading) + completion * price.output_usd_per_mtok) / 1e6
    high = (prompt * max(reading) + completion * price.output_usd_per_mtok) / 1e6
    assert low * (1 - 1e-9) <= cost <= high * (1 + 1e-9)


@pytest.mark.parametrize("bad", [-0.01, float("nan"), float("inf")])
@pytest.mark.parametrize("place", range(4))
def test_a_price_that_is_none_is_refused(bad: float, place: int) -> None:
    given_prices = [1.0, 1.0, 1.0, 1.0]
    given_prices[place] = bad
    with pytest.raises(ConfigError, match="0 or more"):
        Price(*given_prices)


def test_own_cost_wins_over_the_section_and_the_section_over_the_table() -> None:
    own, listed = Price(1.0, 2.0), Price(3.0, 4.0)
    section = {"claude-haiku-4-5": listed}
    model = "claude-haiku-4-5"
    assert price_of(model, own, section).price is own
    assert price_of(model, own, section).origin == "cost"
    assert price_of(model, None, section) == price_of(f"anthropic/{model}-20251001", None, section)
    assert price_of(model, None, section).price is listed
    table = price_of(model, None, {})
    assert (table.price, table.origin) == (Price(1.0, 5.0, 0.1, 1.25), "table")
    unknown = price_of("nobody-knows-it", None, section)
    assert (unknown.price, unknown.origin) == (None, "unknown")


def test_a_dated_name_in_the_section_prices_the_model() -> None:
    listed = Price(3.0, 4.0)
    assert price_of("gpt-4o", None, {"openai/gpt-4o-2024-08-06": listed}).price is listed


def test_the_shipped_table_is_dated_and_names_models_as_they_resolve() -> None:
    table = shipped_prices()
    assert isinstance(table.as_of, dt.date)
    assert dt.date(2026, 1, 1) < table.as_of <= dt.datetime.now(dt.UTC).date()
    assert 24 <= len(table.prices) <= 96
    for model, price in table.prices.items():
        assert resolved_model(model) == model
        assert 0 < price.cached_usd_per_mtok <= price.input_usd_per_mtok, model
        assert price.input_usd_per_mtok <= price.output_usd_per_mtok, model
        assert price.written_usd_per_mtok <= 1.25 * price.input_usd_per_mtok + 1e-9, model


@pytest.mark.parametrize(("days", "stale"), [(0, False), (STALE_AFTER_DAYS, False), (181, True)])
def test_a_table_is_stale_after_half_a_year(days: int, stale: bool) -> None:  # noqa: FBT001 - pytest's
    table = PriceTable(dt.date(2026, 1, 1), {})
    assert table.stale(dt.date(2026, 1, 1) + dt.timedelta(days)) is stale


def test_words_name_the_day_of_a_list_price() -> None:
    assert str(shipped_prices().as_of) in price_words(price_of("gpt-4o-mini", None, {}))


def test_the_library_without_a_file_needs_neither_yaml_nor_the_table() -> None:
    code = (
        "import sys, tierwatch.routing;"
        "from tierwatch.routing.tiers import Price; Price(1, 2).cost_usd(1, 1);"
        "heavy = {'yaml', 'pydantic', 'tierwatch.routing.config.prices'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
