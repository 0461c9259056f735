import math

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.rate_band import rate_band

nan = math.nan


def test_the_band_is_the_interval_at_every_n() -> None:
    rng = np.random.default_rng(3)
    losses = (rng.random(60) < 0.2).astype(float)
    band = rate_band(losses)
    assert band.n.tolist() == list(range(1, 61))
    for n, value, low, high in zip(band.n, band.value, band.low, band.high, strict=True):
        bad = losses[:n].sum()
        assert value == bad / n
        assert (low, high) == pytest.approx(always_valid_interval(bad, n), abs=1e-12)
    some = rate_band(losses, at=[60, 5, 5])
    assert some.n.tolist() == [5, 60]
    assert some.low.tolist() == band.low[[4, 59]].tolist()


@pytest.mark.parametrize("at", [[0], [3], [1.5], [nan], ["one"]])
def test_places_that_are_not_there_are_refused(at: list[float]) -> None:
    with pytest.raises(EvidenceError, match="places"):
        rate_band([0, 1], at=at)
    with pytest.raises(EvidenceError, match="place"):
        rate_band([], at=[1])
