"""A correlation of what users did with verdicts: value, interval, and when there is none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.association import LEAST_OF_A_KIND, association


def columns(both: int, signal: int, loss: int, neither: int) -> tuple[list[float], list[float]]:
    x = [1.0] * (both + signal) + [0.0] * (loss + neither)
    y = [1.0] * both + [0.0] * signal + [1.0] * loss + [0.0] * neither
    return x, y


def test_it_is_pearsons_correlation() -> None:
    x, y = columns(8, 12, 15, 65)
    found = association(x, y)
    assert found.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.low < found.value < found.high
    assert found.n == 100
    assert association(x, [1 - one for one in y]).value == pytest.approx(-(found.value or 0))


def test_weights_count() -> None:
    x, y = columns(8, 12, 15, 65)
    weights = [2.0 if a == b == 1 else 1.0 for a, b in zip(x, y, strict=True)]
    twice_x, twice_y = x + [1.0] * 8, y + [1.0] * 8
    weighted, repeated = association(x, y, weights), association(twice_x, twice_y)
    assert weighted.value == pytest.approx(repeated.value)


def test_pairs_of_one_conversation_say_less() -> None:
    x, y = columns(16, 24, 30, 130)
    apart = association(x, y)
    together = association(x, y, None, [n // 8 for n in range(200)])
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low


def test_a_signal_in_between_is_a_number_too() -> None:
    rng = np.random.default_rng(5)
    losses = (rng.random(300) < 0.2).astype(float)
    rated = np.clip(0.3 + 0.4 * losses + rng.normal(0, 0.15, 300), 0, 1)
    found = association(rated, losses)
    assert found.value == pytest.approx(np.corrcoef(rated, losses)[0, 1])
    assert found.low > 0.4


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ((0, 0, 0, 0), "no judged pair"),
        ((5, 5, 5, 5), "20 effective pairs, of 30"),
        ((2, 2, 20, 60), "4 pairs with or without this signal"),
        ((2, 20, 2, 60), "4 pairs with or without a loss"),
        ((0, 0, 20, 60), "0 pairs with or without this signal"),
        ((20, 60, 0, 0), "0 pairs with or without this signal"),
    ],
)
def test_of_too_little_nothing_is_said(counts: tuple[int, int, int, int], why: str) -> None:
    found = association(*columns(*counts))
    assert found.value is None
    assert (found.low, found.high) == (-1.0, 1.0)
    assert found.method.startswith(why)


def test_one_heavy_pair_is_no_hundred() -> None:
    x, y = columns(10, 10, 20, 60)
    found = association(x, y, [1.0] * 99 + [1_000.0])
    assert found.value is None
    assert "effective pairs" in found.method


def test_the_verdict_itself_goes_with_itself() -> None:
    found = association(*columns(20, 0, 0, 80))
    assert found.value == pytest.approx(1.0)
    assert 0.8 < found.low < found.high <= 1.0


@pytest.mark.parametrize(
    ("signal", "losses", "conversations"),
    [
        ([1.0], [1.0, 0.0], None),
        ([1.0, 0.0], [1.0, 0.0], ["a"]),
        ([2.0], [1.0], None),
        ([math.nan], [1.0], None),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    signal: list[float], losses: list[float], conversations: list[str] | None
) -> None:
    with pytest.raises(EvidenceError):
        association(signal, losses, None, conversations)


@given(
    st.integers(LEAST_OF_A_KIND, 40),
    st.integers(LEAST_OF_A_KIND, 40),
    st.integers(LEAST_OF_A_KIND, 40),
    st.integers(LEAST_OF_A_KIND, 200),
)
def test_the_interval_holds_the_value_and_is_one(a: int, b: int, c: int, d: int) -> None:
    found = association(*columns(a, b, c, d))
    if found.value is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(("with_loss", "without"), [(0.1, 0.1), (0.5, 0.1)])
def test_its_interval_covers_with_weights_and_conversations(
    with_loss: float, without: float
) -> None:
    """300 runs of 400 pairs in conversations of four, weights 1 and 5, 10 % losses."""
    rng, p = np.random.default_rng(9), 0.1
    share = p * with_loss + (1 - p) * without
    truth = (p * with_loss - p * share) / math.sqrt(p * (1 - p) * share * (1 - share))
    conversations = np.repeat(np.arange(100), 4)
    hits = runs = 0
    for _ in range(300):
        losses = rng.random(400) < rng.beta(4 * p, 4 * (1 - p), 100)[conversations]
        signal = rng.random(400) < np.where(losses, with_loss, without)
        weights = np.where(rng.random(400) < 0.3, 5.0, 1.0)
        found = association(
            signal.astype(float), losses.astype(float), weights, list(conversations)
        )
        if found.value is not None:
            runs += 1
            hits += found.low <= truth <= found.high
    assert runs >= 290
    assert hits >= 0.9 * runs
