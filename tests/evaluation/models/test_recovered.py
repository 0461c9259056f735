import pytest
from factories.held_out import pairs

from tierwatch.evaluation.models.comparison import compare_models


def test_the_share_recovered_is_the_area_under_the_curve() -> None:
    # Sent up by the candidate: worse, tie, tie, better. Gains 1, 1, 1, 0 of a total of 0: none.
    chances = [(0.9, 0.0), (0.5, 0.0), (0.4, 0.0), (0.0, 0.0)]
    none = compare_models(pairs(["worse", "tie", "tie", "better"]), chances, chances, delta=0.025)
    assert none.apgr is None
    assert none.apgr_gain.value is None
    # Two worse at the front of four: (0 + .5)/2 + (.5 + 1)/2 + 1 + 1 over 4 budgets = .75; ranked
    # last they give .25, and all alike a straight line, .5.
    verdicts = ["worse", "worse", "tie", "tie"]
    for order, expected in (
        (chances, 0.75),
        (chances[::-1], 0.25),
        ([(0.3, 0.0)] * 4, 0.5),
    ):
        found = compare_models(pairs(verdicts), order, chances, delta=0.025)
        assert found.apgr == pytest.approx((expected, 0.75))
