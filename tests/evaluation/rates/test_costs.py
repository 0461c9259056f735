import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.rates.costs import Costs

usd = st.floats(0, 1e6)
costs = st.builds(Costs, usd, usd, usd, usd, usd)


def test_the_parts_add_up() -> None:
    spent = Costs(serving_usd=40, classifier_usd=1, shadow_usd=20, judge_usd=15, checks_usd=4)
    # Watching: 20 + 15 + 4. The classifier is not watching: it decides.
    assert spent.evaluation_usd == 39
    assert spent.total_usd == 80


def test_savings_before_and_after_evaluation() -> None:
    spent = Costs(40, 1, 20, 15, 4)
    assert spent.saving(100) == pytest.approx(1 - 40 / 100)
    assert spent.saving_net_of_evaluation(100) == pytest.approx(1 - 80 / 100)


def test_evaluation_may_cost_more_than_routing_saves_and_that_is_seen() -> None:
    # The demo once answered every request a second time: 40 served, 100 for the shadows.
    assert Costs(40, 0, 100, 20, 0).saving_net_of_evaluation(100) == pytest.approx(-0.6)


@pytest.mark.parametrize("top", [0.0, -1.0])
def test_where_the_top_tier_is_free_there_is_nothing_to_be_relative_to(top: float) -> None:
    spent = Costs(1, 0, 0, 0, 0)
    assert spent.saving(top) is None
    assert spent.saving_net_of_evaluation(top) is None


def test_nothing_spent_saves_everything() -> None:
    assert Costs(0, 0, 0, 0, 0).saving(5) == Costs(0, 0, 0, 0, 0).saving_net_of_evaluation(5) == 1.0


@given(costs, st.floats(0.01, 1e6))
def test_what_is_left_is_never_more_than_what_serving_saves(spent: Costs, top: float) -> None:
    saving, left = spent.saving(top), spent.saving_net_of_evaluation(top)
    assert saving is not None
    assert left is not None
    assert left <= saving <= 1
    assert saving - left == pytest.approx(
        (spent.total_usd - spent.serving_usd) / top, rel=1e-6, abs=1e-9
    )


@given(costs, st.floats(0.01, 1e3), st.floats(0.1, 10))
def test_a_saving_does_not_depend_on_the_currency(spent: Costs, top: float, rate: float) -> None:
    other = Costs(
        rate * spent.serving_usd,
        rate * spent.classifier_usd,
        rate * spent.shadow_usd,
        rate * spent.judge_usd,
        rate * spent.checks_usd,
    )
    assert other.saving(rate * top) == pytest.approx(spent.saving(top), rel=1e-9, abs=1e-6)
