import pytest

from tierwatch.evaluation.rates.correction import corrects_usefully
from tierwatch.evaluation.rates.estimate import Estimate, unknown


def rate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 500, "x")


@pytest.mark.parametrize(
    ("corrected", "judged", "useful"),
    [
        (rate(0.0, 0.831), rate(0.011, 0.113), False),  # three labels, as they were shown
        (rate(0.02, 0.12), rate(0.03, 0.05), True),  # ten points
        (rate(0.02, 0.1201), rate(0.03, 0.05), False),
        (rate(0.10, 0.50), rate(0.20, 0.40), True),  # twice the judge's
        (rate(0.10, 0.51), rate(0.20, 0.40), False),
    ],
)
def test_it_is_useful_by_its_width(corrected: Estimate, judged: Estimate, *, useful: bool) -> None:
    assert corrects_usefully(corrected, judged) is useful


def test_nothing_known_is_not_useful() -> None:
    assert not corrects_usefully(unknown(), rate(0.0, 1.0))
    assert not corrects_usefully(rate(0.0, 0.01), unknown())
