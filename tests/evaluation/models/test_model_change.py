import numpy as np
import pytest
from factories.held_out import pairs

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.model_change import ModelChange, model_change
from tierwatch.evaluation.rates.weighted import weighted_rate

# Of every ten: two worse, eight ties.
VERDICTS = (["worse"] * 2 + ["tie"] * 8) * 20


def change(
    now: list[bool], then: list[bool], weights: list[float] | None = None, **costs: float
) -> ModelChange:
    held_out = pairs(VERDICTS, weights)
    return model_change(held_out, now, then, **({"cost_low": 1.0, "cost_high": 3.0} | costs))


def test_a_change_shows_its_arithmetic() -> None:
    # All kept now: 40 of 200 lost, cost 200. Then the 160 ties: nothing lost, cost 160 + 40 * 3.
    found = change([True] * 200, ([False] * 2 + [True] * 8) * 20)
    assert (found.misroute_now.value, found.misroute.value) == (0.2, 0.0)
    assert found.misroute_change.value == pytest.approx(-0.2)
    assert found.cost_change.value == pytest.approx(280 / 200 - 1)
    assert (found.kept_now.value, found.kept.value) == (1.0, 0.8)
    assert found.misroute_change.low < -0.2 < found.misroute_change.high < 0


def test_weights_stand_for_requests() -> None:
    weights = ([3.0] * 2 + [1.0] * 8) * 20
    # Lost 3 * 40 of 3 * 40 + 160 = 280.
    found = change([True] * 200, [True] * 200, weights)
    assert found.misroute_now.value == pytest.approx(120 / 280)
    lost = [1.0] * 2 + [0.0] * 8
    assert found.misroute_now == weighted_rate(lost * 20, weights)


def test_the_same_decisions_change_nothing_for_sure() -> None:
    keep = [True, False] * 100
    found = change(keep, keep)
    for estimate in (found.misroute_change, found.cost_change):
        assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_keeping_nothing_has_a_cost_and_no_misroute_rate() -> None:
    found = change([True] * 200, [False] * 200)
    assert found.misroute.value is None
    assert found.misroute_change.value is None
    assert found.cost_change.value == pytest.approx(2.0)


def test_free_tiers_have_no_relative_cost() -> None:
    found = change([True] * 200, [False] * 200, cost_low=0.0, cost_high=0.0)
    assert found.cost_change.value is None


def test_a_few_conversations_have_rates_and_no_changes() -> None:
    found = model_change(pairs(["tie"] * 20), [True] * 20, [True] * 20, cost_low=1, cost_high=3)
    assert found.misroute.value == 0.0
    assert found.misroute_change.value is None
    assert "30 are needed" in found.misroute_change.method


def test_the_seed_decides_the_intervals() -> None:
    keep, other = [True] * 200, [True, False] * 100
    held_out = pairs(VERDICTS)
    runs = [
        model_change(held_out, keep, other, cost_low=1, cost_high=3, seed=seed).misroute_change
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("now", "then"), [([True] * 199, [True] * 200), ([True] * 200, []), ([[True] * 200], [])]
)
def test_marks_that_do_not_fit_are_refused(now: list[bool], then: list[bool]) -> None:
    with pytest.raises(EvidenceError, match="accepted: 200"):
        model_change(pairs(VERDICTS), np.array(now), then, cost_low=1, cost_high=3)
