import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.rank_bets import RankBets


def test_the_first_bet_is_even_and_the_next_follows_the_memory() -> None:
    bets = RankBets(1e7)
    assert bets.statistic == 0.0
    assert not bets.take(0.55, betting=True)
    assert bets.statistic == 1.0
    bets.take(0.52, betting=True)
    # (1 + 1) * 10 * (5 + 1) / (50 + 1) in each memory
    assert bets.statistic == pytest.approx(120 / 51)


def test_without_betting_it_only_learns() -> None:
    bets = RankBets(1e7)
    for _ in range(100):
        assert not bets.take(0.95, betting=False)
    assert bets.statistic == 0.0
    bets.take(0.95, betting=True)
    assert bets.statistic > 4.0


def test_uniform_ranks_alarm_no_oftener_than_promised() -> None:
    rng = np.random.default_rng(5)
    alarmed = 0
    for _ in range(200):
        bets = RankBets(2_000)
        alarmed += max(bets.take(rank, betting=True) for rank in rng.random(400).tolist())
    assert alarmed <= 40


def test_ranks_are_even_again_some_thousands_after_they_were_not() -> None:
    rng, bets = np.random.default_rng(6), RankBets(1e7)
    assert not bets.uniform_lately
    for rank in rng.random(3_000).tolist():
        bets.take(rank, betting=True)
    assert bets.uniform_lately
    for rank in rng.beta(1.5, 1.0, 600).tolist():
        alarmed = bets.take(rank, betting=True)
    assert alarmed
    assert not bets.uniform_lately
    for rank in rng.beta(1.5, 1.0, 20_000).tolist():
        bets.take(rank, betting=True)
        assert not bets.uniform_lately
    for rank in rng.random(5_000).tolist():
        bets.take(rank, betting=True)
    assert bets.uniform_lately


def test_even_ranks_are_called_even_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(7)
    even = 0
    for _ in range(60):
        bets = RankBets(1e7)
        for rank in rng.random(3_200).tolist():
            bets.take(rank, betting=False)
        even += bets.uniform_lately
    assert even >= 51


def test_it_goes_on_from_its_state_and_no_other() -> None:
    bets = RankBets(100.0)
    for rank in (0.1, 0.12, 0.9):
        bets.take(rank, betting=True)
    again = RankBets.from_state(100.0, bets.state())
    assert again.state() == bets.state()
    assert again.take(1.0, betting=True) == bets.take(1.0, betting=True)
    good = bets.state()
    for broken in (
        {},
        good | {"evidence": [1.0]},
        good | {"evidence": [-1.0, 0.0, 0.0]},
        good | {"evidence": [1e300, 0.0, 0.0]},
        good | {"memories": [[0.0] * 9] * 3},
        good | {"memories": [[1e6] * 10] * 3},
        good | {"memories": "x"},
    ):
        with pytest.raises(EvidenceError):
            RankBets.from_state(100.0, broken)
