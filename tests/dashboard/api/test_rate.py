import math

import pytest

from tierwatch.dashboard.api.rate import Rate, rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown


@pytest.mark.parametrize("end", [math.inf, -math.inf, math.nan])
def test_an_open_end_is_null(end: float) -> None:
    assert rate(Estimate(0.5, end, end, 2, "m")) == Rate(0.5, None, None, 2, "m")


def test_what_is_not_known_has_no_value() -> None:
    assert rate(unknown("none yet")) == Rate(None, 0.0, 1.0, 0, "none yet")
