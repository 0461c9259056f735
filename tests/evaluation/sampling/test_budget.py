import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.sampling.budget import budget_factor, left_for_bursts


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_budget_factor_falls_and_is_nothing_once_it_is_spent(one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert 0 <= budget_factor(more, 10.0) <= budget_factor(less, 10.0) <= 1
    assert budget_factor(10 + more, 10.0) == 0
    assert budget_factor(more, None) == 1


@given(st.floats(0.01, 1e6), st.floats(0, 2), st.floats(0.001, 1_000))
def test_the_factor_depends_on_the_share_that_is_spent_and_not_on_the_currency(
    budget: float, share: float, rate: float
) -> None:
    plain = budget_factor(share * budget, budget)
    assert budget_factor(rate * share * budget, rate * budget) == pytest.approx(plain, abs=2e-6)
    assert 0 <= plain <= 1


@pytest.mark.parametrize(
    ("spent", "factor"),
    [(0.0, 1.0), (5.0, 1.0), (7.5, 0.55), (9.9999, 0.1), (10.0, 0.0), (1e9, 0.0)],
)
def test_where_it_begins_to_fall_and_where_it_ends(spent: float, factor: float) -> None:
    assert budget_factor(spent, 10.0) == pytest.approx(factor, abs=1e-4)


def test_without_a_budget_nothing_is_held_back() -> None:
    assert budget_factor(1e12, None) == 1.0


@given(st.floats(0, 20), st.floats(0, 1))
def test_what_bursts_cost_lowers_nobody_s_rate_before_the_last_tenth(
    spent: float, share: float
) -> None:
    burst = spent * share
    with_bursts = budget_factor(spent, 10.0, burst_usd=burst)
    if spent <= 9:
        assert with_bursts == budget_factor(spent - burst, 10.0)
    assert with_bursts >= budget_factor(spent, 10.0) - 1e-9
    if spent >= 10:
        assert with_bursts == 0


@given(st.floats(0, 12), st.floats(0, 12), st.floats(0.1, 10))
def test_bursts_leave_the_plan_its_money_and_the_last_tenth(
    spent: float, plain: float, budget: float
) -> None:
    left = left_for_bursts(spent, budget, plain_usd=plain)
    assert left is not None
    assert spent + plain + left == pytest.approx(0.9 * budget)


def test_without_a_budget_bursts_have_no_limit() -> None:
    assert left_for_bursts(1e9, None, plain_usd=1e9) is None
