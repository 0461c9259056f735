import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwatch.errors import ConfigError
from tierwatch.routing.tiers import CACHE_TIER, Deployment, Price, Tier, resolved_model

counts = st.integers(0, 10_000_000)
usd = st.floats(0, 1_000, allow_nan=False)
prices = st.builds(Price, usd, usd, st.none() | usd, st.none() | usd)


def test_cost_counts_both_sides_at_their_own_price() -> None:
    # 2,000 x $3/M + 500 x $15/M = $0.006 + $0.0075
    assert Price(3.0, 15.0).cost_usd(2_000, 500) == pytest.approx(0.0135)
    assert Price(3.0, 15.0).cost_usd(0, 0) == 0.0


@pytest.mark.parametrize("usd", [-0.01, float("nan"), float("inf")])
def test_a_price_that_cannot_be(usd: float) -> None:
    for prices in ((usd, 1.0), (1.0, usd)):
        with pytest.raises(ConfigError, match="USD per million tokens"):
            Price(*prices)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5"),
        ("openrouter/anthropic/claude-haiku-4-5:free", "claude-haiku-4-5"),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("claude-3-opus@20240229", "claude-3-opus"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("GPT-4o ", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4.1", "gpt-4.1"),
        ("mistral-large-latest", "mistral-large"),
        ("", ""),
    ],
)
def test_the_model_behind_a_name(name: str, model: str) -> None:
    assert resolved_model(name) == model


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


def test_counts_of_parts_that_exceed_the_whole_are_cut_reads_first() -> None:
    price = Price(3.0, 15.0, 0.3, 3.75)
    # 100 read at most: all of them cached, none left to be written.
    assert price.cost_usd(100, 0, 500, 500) == pytest.approx(100 * 0.3 / 1e6)
    # 60 cached leave 40 of the 500 that are said to be written.
    assert price.cost_usd(100, 0, 60, 500) == pytest.approx((60 * 0.3 + 40 * 3.75) / 1e6)


def test_a_price_is_shown_without_its_caches() -> None:
    assert str(Price(3, 15, 0.3, 3.75)) == "$3/$15 per M tokens"
    assert str(Price(0.25, 0.5)) == "$0.25/$0.5 per M tokens"
    assert Price(3, 15, 0.3, 3.75).blended_usd == 18


@given(price=prices, prompt=counts, completion=counts)
def test_twice_the_tokens_cost_twice_as_much(price: Price, prompt: int, completion: int) -> None:
    once = price.cost_usd(prompt, completion)
    assert price.cost_usd(2 * prompt, 2 * completion) == pytest.approx(2 * once)


SMALL = Tier("simple", "small-1", "a", Price(1, 2))
EU = Deployment("b", "small-1-eu", Price(3, 4), 2.0)


def test_a_tier_without_a_list_is_served_at_its_one_place() -> None:
    assert SMALL.served_at() == (Deployment("a", "small-1", Price(1, 2), 1.0),)


def test_a_tier_with_a_list_is_served_there_and_keeps_its_own_name_and_price() -> None:
    listed = Tier("simple", "small-1", "a", Price(1, 2), deployments=(EU,))
    assert listed.served_at() == (EU,)
    assert (listed.model, listed.price) == ("small-1", Price(1, 2))


def test_a_tier_at_one_deployment_is_served_there_alone_at_its_price() -> None:
    there = SMALL.at(EU)
    assert there.served_at() == (EU,)
    assert (there.name, there.model) == ("simple", "small-1")
    assert (there.provider, there.price) == ("b", Price(3, 4))
    assert SMALL.served_at() != there.served_at()
    assert there.at(EU) == there


def test_no_tier_is_named_as_the_cache_is_counted() -> None:
    assert CACHE_TIER == "cache"


@example(name="0 :0")
@given(name=st.text("abc-@:/.v0123456789 GPT", max_size=30))
def test_the_model_behind_a_name_has_no_other_model_behind_it(name: str) -> None:
    model = resolved_model(name)
    assert resolved_model(model) == model
    assert model == model.lower()
    assert "/" not in model


@pytest.mark.parametrize("prefix", ["anthropic/", "openrouter/anthropic/", "us.anthropic.", "  "])
@pytest.mark.parametrize("suffix", ["", "-20251001", "-2025-10-01", "-latest", ":free", "-v1"])
def test_no_prefix_and_no_suffix_makes_another_model(prefix: str, suffix: str) -> None:
    assert resolved_model(f"{prefix}claude-opus-5-5{suffix}") == "claude-opus-5-5"


@pytest.mark.parametrize("name", ["claude-opus-5-5", "gpt-6.1-sol", "mistral-small-2603", "o3"])
def test_a_number_that_is_no_date_belongs_to_the_name(name: str) -> None:
    assert resolved_model(name) == name
