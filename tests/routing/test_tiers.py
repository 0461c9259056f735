import pytest

from tierwatch.errors import ConfigError
from tierwatch.routing.tiers import Price, resolved_model


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
