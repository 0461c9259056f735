"""What a model costs: which of four sources counts, and how that is said."""

import datetime as dt

import pytest

from tierwatch.routing.config import prices
from tierwatch.routing.config.list_prices import packaged_version, shipped_prices
from tierwatch.routing.config.prices import (
    STALE_AFTER_DAYS,
    Priced,
    PriceOrigin,
    price_of,
    price_words,
    stale_words,
)
from tierwatch.routing.tiers import Price

TODAY = dt.date(2026, 11, 30)


def test_own_cost_wins_over_the_section_and_the_section_over_list_prices() -> None:
    own, listed = Price(1.0, 2.0), Price(3.0, 4.0)
    section = {"claude-haiku-4-5": listed}
    model = "claude-haiku-4-5"
    assert price_of(model, own, section) == Priced(own, "cost")
    assert price_of(model, None, section) == Priced(listed, "prices")
    assert price_of(f"anthropic/{model}-20251001", None, section) == Priced(listed, "prices")
    assert price_of(model, None, {}).origin == "package"
    assert price_of("nobody-knows-it", None, section) == Priced(None, "unknown")


def test_our_own_table_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    model, listed = next(iter(shipped_prices().prices.items()))
    assert price_of(model, None, {}) == Priced(listed, "table")
    packaged = Price(7.0, 8.0)
    monkeypatch.setattr(prices, "packaged_price", lambda _model, _today: packaged)
    assert price_of(model, None, {}) == Priced(packaged, "package")


def test_a_dated_name_in_the_section_prices_the_model() -> None:
    listed = Price(3.0, 4.0)
    assert price_of("gpt-6-luna", None, {"openai/gpt-6-luna-2026-09-01": listed}).price is listed


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("cost", "(this file)"),
        ("prices", "(`prices` in this file)"),
        ("package", f"(list price in genai-prices {packaged_version()})"),
        ("table", f"(list price of {shipped_prices().as_of})"),
    ],
)
def test_words_name_the_source(origin: PriceOrigin, said: str) -> None:
    words = price_words(Priced(Price(3.0, 15.0, 0.0, 3.75), origin))
    assert words == (
        "3 USD per million tokens read, 15 written, 0 from a cache, 3.75 put into one " + said
    )


@pytest.mark.parametrize(("days", "stale"), [(0, False), (STALE_AFTER_DAYS, False), (181, True)])
def test_list_prices_are_stale_after_half_a_year(
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    stale: bool,  # noqa: FBT001 - pytest's
) -> None:
    monkeypatch.setattr(prices, "packaged_since", lambda: TODAY)
    origins: dict[str, PriceOrigin] = {"routing.tiers.simple": "package", "judge": "cost"}
    found = stale_words(origins, TODAY + dt.timedelta(days))
    assert bool(found) is stale
    for words in found:
        assert words.startswith("routing.tiers.simple: list prices in genai-prices ")
        assert "installed on 2026-11-30, 181 days old" in words
        assert "pip install --upgrade genai-prices" in words


def test_only_sources_that_are_in_use_are_called_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "packaged_since", lambda: TODAY)
    later = max(TODAY, shipped_prices().as_of) + dt.timedelta(900)
    assert stale_words({"a": "cost", "b": "prices", "c": "unknown"}, later) == []
    (table,) = stale_words({"a": "table", "b": "cost"}, later)
    assert table.startswith(f"a: list prices of {shipped_prices().as_of}, ")
    assert table.endswith("upgrade tierwatch")
    assert len(stale_words({"a": "table", "b": "package"}, later)) == 2


def test_an_age_that_nobody_can_tell_warns_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "packaged_since", lambda: None)
    assert stale_words({"a": "package"}, dt.date(2099, 1, 1)) == []
