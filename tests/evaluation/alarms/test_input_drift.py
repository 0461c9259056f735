import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor, in_random_order
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS, confidence_bin
from tierwatch.routing.policy import hashed_share


def chance(n: int, seed: int = 0) -> float:
    """The draw that breaks ties at update n."""
    return hashed_share(f"drift-ties|{seed}", str(n))


def test_two_requests_show_the_arithmetic() -> None:
    monitor = InputDriftMonitor(bins=10, min_n=0)
    monitor.update(0.95)
    # Nothing came before, so its rank is chance itself. Each cell holds 5 of 50: a bet of
    # 10 * 5 / 50 = 1, and (0 + 1) * 1 in each memory.
    assert monitor.statistic == 1.0
    monitor.update(0.05)
    # Lower than the first, so its rank is chance / 2. In the first one's cell the bet would be
    # 10 * 6 / 51, elsewhere it is 10 * 5 / 51; (1 + 1) * 50 / 51 = 1.9608.
    assert int(chance(0) * 10) != int(chance(1) / 2 * 10)
    assert monitor.statistic == pytest.approx(1.9608, abs=1e-4)
    assert monitor.n == 2


def test_the_same_cell_again_pays_by_each_memory() -> None:
    # A seed under which the second of two equal confidences ranks in the first one's tenth:
    # chance, then chance * 2 / 2.
    seed = next(s for s in range(100) if int(chance(0, s) * 10) == int(chance(1, s) * 10))
    monitor = InputDriftMonitor(bins=10, seed=seed, min_n=0)
    monitor.update(0.5)
    monitor.update(0.5)
    # (1 + 1) * 10 * (5 + 1) / (50 + 1) = 2.3529 in each memory
    assert monitor.statistic == pytest.approx(120 / 51)
    monitor.update(0.5)
    memories = monitor.state()["memories"]
    # The third adds 1 to 1 + keep (elsewhere or here), all times keep: 1 + keep + keep^2 in all.
    assert [sum(memory) for memory in memories] == pytest.approx(
        [1 + keep + keep**2 for keep in (0.99, 0.999, 0.99975)]
    )


def test_before_any_request_there_is_no_evidence() -> None:
    monitor = InputDriftMonitor()
    assert (monitor.statistic, monitor.n) == (0.0, 0)
    assert (monitor.level, monitor.bins, monitor.seed, monitor.min_n) == (1e7, 100, 0, 500)


def test_the_reference_bets_nothing_and_the_next_request_does() -> None:
    monitor = InputDriftMonitor(min_n=50)
    for n in range(50):
        assert monitor.update(n / 50) is False
        assert monitor.statistic == 0.0
    monitor.update(0.3)
    assert monitor.statistic > 0.0


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0])
def test_only_ties_are_no_drift(confidence: float) -> None:
    # Ranks of ties are chance alone: evidence grows by about one a request, as it may.
    monitor = InputDriftMonitor(bins=20)
    assert not any(monitor.update(confidence) for _ in range(5_000))
    assert 0 < monitor.statistic < 1e5


def test_ties_that_end_are_drift() -> None:
    monitor = InputDriftMonitor(bins=20)
    for _ in range(1_000):
        assert not monitor.update(0.8)
    alarm_at = next(n for n in range(200) if monitor.update(0.4))
    # Ranks fall into the lowest tenth, each a bet of at most 10: 7 requests at the very best.
    assert 7 <= alarm_at < 40


@pytest.mark.parametrize("bins", [20, 100])
def test_ranks_are_uniform_and_independent_of_the_last(bins: int) -> None:
    """Ties and all: the cells that are bet on, read off the longest memory."""
    monitor = InputDriftMonitor(bins=bins, min_n=0)
    cells = []
    for confidence in np.random.default_rng(2).beta(2.5, 1.5, 4_000):
        before = monitor.state()["memories"][2]
        monitor.update(confidence)
        after = monitor.state()["memories"][2]
        cells.append(int(np.argmax(np.array(after) - np.array(before))))
    pairs = np.bincount(np.array(cells[:-1]) * 10 + np.array(cells[1:]), minlength=100)
    # Chance of a worse fit to 100 equal cells, 40 expected in each.
    assert stats.chisquare(np.bincount(cells, minlength=10)).pvalue > 0.01
    assert stats.chisquare(pairs).pvalue > 0.01


def test_a_change_alarms_and_none_does_not() -> None:
    """Bar I1, reduced: 20 runs; full size in tests/simulation/test_drift_bars.py."""
    delays = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        monitor = InputDriftMonitor(bins=20, seed=seed)
        assert not any(monitor.update(x) for x in rng.beta(2.5, 1.5, 2_000).tolist())
        while not monitor.update(rng.beta(1.8, 1.8)):
            pass
        delays.append(monitor.n - 2_000)
    assert np.mean(delays) <= 400


def test_a_change_of_spread_alone_alarms() -> None:
    # Both means are 5/8.
    rng = np.random.default_rng(8)
    monitor = InputDriftMonitor()
    assert not any(monitor.update(x) for x in rng.beta(2.5, 1.5, 3_000).tolist())
    assert any(monitor.update(x) for x in rng.beta(1.25, 0.75, 1_000).tolist())


def test_false_alarms_stay_within_updates_over_level() -> None:
    # 300 null runs of 500 requests at level 5,000: at most 500 / 5,000 = 30 may alarm; a test
    # repeated at every request with 5 % each would stop nearly all of them.
    rng = np.random.default_rng(12)
    alarmed = 0
    for seed in range(300):
        monitor = InputDriftMonitor(level=5_000, bins=20, seed=seed, min_n=0)
        alarmed += any(monitor.update(x) for x in rng.beta(2.5, 1.5, 500).tolist())
    assert 0 < alarmed <= 30


def test_the_alarm_is_at_the_level_not_above_it() -> None:
    first = InputDriftMonitor(bins=10, min_n=0)
    first.update(0.5)
    first.update(0.5)
    for level, expected in (
        (first.statistic, True),
        (math.nextafter(first.statistic, 9), False),
    ):
        monitor = InputDriftMonitor(level, bins=10, min_n=0)
        monitor.update(0.5)
        assert monitor.update(0.5) is expected


def test_endless_drift_stays_finite_and_the_alarm_can_end() -> None:
    monitor = InputDriftMonitor(bins=20)
    for n in range(3_000):
        monitor.update(n / 6_000)
    assert monitor.update(0.99)
    for n in range(3_000):
        monitor.update(0.5 + n / 6_000)
        assert monitor.statistic <= 1e7 * 1e6
    assert monitor.statistic == pytest.approx(1e13, rel=1e-3)
    assert json.loads(json.dumps(monitor.state(), allow_nan=False)) == monitor.state()
    rng = np.random.default_rng(4)
    assert any(not monitor.update(x) for x in rng.random(20_000).tolist())


def test_a_minute_of_counts_is_taken_whole() -> None:
    monitor = InputDriftMonitor(bins=20)
    counts = [0] * 17 + [3, 0, 4]
    assert monitor.update_counts(counts) is False
    assert monitor.n == 7
    assert monitor.state()["counts"] == counts


def test_counts_without_requests_change_nothing() -> None:
    monitor = InputDriftMonitor(bins=20)
    before = monitor.state()
    assert monitor.update_counts([0] * 20) is False
    assert monitor.state() == before


def test_counts_without_requests_tell_of_a_standing_alarm() -> None:
    monitor = InputDriftMonitor(bins=2, min_n=100)
    monitor.update_counts([0, 500])
    assert monitor.update_counts([500, 0]) is True
    assert monitor.update_counts([0, 0]) is True


def test_an_alarm_within_a_minute_is_told_though_it_ended() -> None:
    # At a level as low as 50, chance takes some null streams over it and back within 200 requests.
    ended = 0
    for seed in range(200):
        monitor = InputDriftMonitor(level=50, bins=2, seed=seed, min_n=0)
        twin = InputDriftMonitor(level=50, bins=2, seed=seed, min_n=0)
        crossed = [twin.update(0.75 * place) for place in _order(monitor, [30, 30])]
        assert monitor.update_counts([30, 30]) is any(crossed)
        assert monitor.state() == twin.state()
        ended += any(crossed) and not crossed[-1]
    assert ended > 0


def test_a_histogram_in_order_of_its_bins_is_no_drift() -> None:
    """Beta(2.5, 1.5), 500 minutes of 100: taken bin by bin, each minute would be a slope."""
    rng = np.random.default_rng(6)
    shuffled, sorted_ = InputDriftMonitor(bins=20), InputDriftMonitor(bins=20)
    alarmed = {"shuffled": False, "sorted": False}
    for _ in range(500):
        counts = np.histogram(rng.beta(2.5, 1.5, 100), 20, (0, 1))[0]
        alarmed["shuffled"] |= shuffled.update_counts(counts)
        for place in np.repeat(np.arange(20), counts):
            alarmed["sorted"] |= sorted_.update(place / 20 + 0.025)
    assert alarmed == {"shuffled": False, "sorted": True}


def _order(monitor: InputDriftMonitor, counts: list[int]) -> list[int]:
    taken = []
    take = InputDriftMonitor._take

    class Watched(InputDriftMonitor):
        def _take(self, place: int) -> bool:
            taken.append(place)
            return take(self, place)

    Watched.from_state(monitor.state()).update_counts(counts)
    return taken


@given(st.floats(0, 1))
def test_bins_are_those_of_the_rollups(confidence: float) -> None:
    monitor = InputDriftMonitor(bins=CONFIDENCE_BINS)
    monitor.update(confidence)
    assert monitor.state()["counts"].index(1) == confidence_bin(confidence)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, math.nan, math.inf])
def test_a_confidence_off_its_range_updates_nothing(confidence: float) -> None:
    monitor = InputDriftMonitor()
    monitor.update(0.5)
    before = monitor.state()
    with pytest.raises(EvidenceError, match="nothing was updated"):
        monitor.update(confidence)
    assert monitor.state() == before


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "2 bins, not 0"),
        ([1, 2, 3], "2 bins, not 3"),
        ([5, -1], "below 0"),
        ([5, 0.5], "whole number"),
        ([5, math.nan], "whole number"),
        ([5, None], "whole number"),
    ],
)
def test_counts_that_are_none_update_nothing(counts: list[int], message: str) -> None:
    monitor = InputDriftMonitor(bins=2)
    monitor.update(0.5)
    before = monitor.state()
    with pytest.raises(EvidenceError, match=message):
        monitor.update_counts(counts)
    assert monitor.state() == before


@pytest.mark.parametrize("level", [1.0, 0.5, -3, math.nan, math.inf])
def test_a_level_off_its_range_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        InputDriftMonitor(level)


@pytest.mark.parametrize("bins", [-1, 0, 1, 1_001, 20.0, math.nan])
def test_bins_off_their_range_are_refused(bins: int) -> None:
    with pytest.raises(EvidenceError, match="bins"):
        InputDriftMonitor(bins=bins)


def test_a_seed_or_reference_that_is_none_is_refused() -> None:
    with pytest.raises(EvidenceError, match="seed"):
        InputDriftMonitor(seed=0.5)  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="reference"):
        InputDriftMonitor(min_n=-1)


@given(
    steps=st.lists(
        st.one_of(st.floats(0, 1), st.lists(st.integers(0, 9), min_size=5, max_size=5)),
        min_size=1,
        max_size=30,
    ),
    cut=st.integers(0, 30),
)
def test_a_monitor_restored_from_json_goes_on_bit_for_bit(
    steps: list[float | list[int]], cut: int
) -> None:
    whole = InputDriftMonitor(level=20, bins=5, seed=7, min_n=3)
    halved = InputDriftMonitor(level=20, bins=5, seed=7, min_n=3)
    for index, step in enumerate(steps):
        if index == cut:
            halved = InputDriftMonitor.from_state(json.loads(json.dumps(halved.state())))
        for_each = [
            monitor.update_counts(step) if isinstance(step, list) else monitor.update(step)
            for monitor in (whole, halved)
        ]
        assert for_each[0] == for_each[1]
        assert whole.state() == halved.state()
        assert (whole.statistic, whole.n) == (halved.statistic, halved.n)


def test_seeds_break_ties_differently() -> None:
    first, second = InputDriftMonitor(seed=1, min_n=0), InputDriftMonitor(seed=2, min_n=0)
    for _ in range(20):
        first.update(0.5)
        second.update(0.5)
    assert first.statistic != second.statistic


def test_numpy_values_leave_plain_json() -> None:
    monitor = InputDriftMonitor(np.float64(1e7), np.int64(2), np.int64(3), np.int64(1))
    monitor.update(np.float64(0.5))
    monitor.update_counts(np.array([1, 2]))
    state = monitor.state()
    assert json.loads(json.dumps(state)) == state
    numbers = [*state["evidence"], *state["memories"][0], state["level"]]
    assert {type(number) for number in numbers} == {float}


def test_integers_as_postgres_returns_them_are_read() -> None:
    state = InputDriftMonitor(bins=2).state() | {"evidence": [1, 2, 10**13], "level": 10**7}
    assert InputDriftMonitor.from_state(state).state()["evidence"] == [1.0, 2.0, 1e13]


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": [1]},
        {"counts": [1, -1]},
        {"counts": [1, 0.5]},
        {"evidence": [0.0, 0.0]},
        {"evidence": [0.0, 0.0, math.nan]},
        {"evidence": [0.0, 0.0, -1.0]},
        {"evidence": [0.0, 0.0, 1e14]},
        {"memories": [[0.0] * 10] * 2},
        {"memories": [[0.0] * 10, [0.0] * 10, [0.0] * 9]},
        {"memories": [[0.0] * 10, [0.0] * 10, [-1.0] + [0.0] * 9]},
        {"memories": [[0.0] * 9 + [101.0], [0.0] * 10, [0.0] * 10]},
        {"memories": [[0.0] * 10, [0.0] * 10, [math.nan] * 10]},
        {"memories": None},
        {"seed": None},
        {"bins": 1},
        {"level": 0.0},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        InputDriftMonitor.from_state(InputDriftMonitor(bins=2).state() | damage)


def test_a_state_without_a_part_is_refused() -> None:
    state = InputDriftMonitor().state()
    del state["memories"]
    with pytest.raises(EvidenceError, match="not the state"):
        InputDriftMonitor.from_state(state)


def test_a_large_histogram_is_sampled_without_replacement() -> None:
    monitor = InputDriftMonitor(bins=4)
    monitor.update_counts([60_000, 30_000, 9_999, 1])
    counts = monitor.state()["counts"]
    assert monitor.n == sum(counts) == 2_000
    # Hypergeometric: 1,200, 600 and 200 expected, with deviations of at most 22.
    assert counts[:3] == pytest.approx([1_200, 600, 200], abs=80)
    assert counts[3] <= 1


def test_every_order_of_a_histogram_is_as_likely() -> None:
    # Two of one bin, one of another: 3 orders, 1,000 expected of each, deviation 26.
    first_low = [0, 0, 0]
    for seed in range(3_000):
        monitor = InputDriftMonitor(bins=2, seed=seed, min_n=0)
        order = list(_order(monitor, [1, 2]))
        first_low[order.index(0)] += 1
    assert first_low == pytest.approx([1_000] * 3, abs=105)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20), st.text(max_size=5))
def test_each_request_comes_once(counts: list[int], salt: str) -> None:
    order = list(in_random_order(counts, salt))
    assert [order.count(place) for place in range(len(counts))] == counts


def test_the_salt_decides_the_order() -> None:
    orders = [list(in_random_order([5, 5, 5], salt)) for salt in ("a", "a", "b")]
    assert orders[0] == orders[1] != orders[2]


def test_of_many_two_thousand_are_drawn_in_their_proportion() -> None:
    order = list(in_random_order([300_000, 0, 700_000], "salt"))
    assert len(order) == 2_000
    # 600 expected of the first bin, standard deviation 20.5.
    assert 520 < order.count(0) < 680
    assert order.count(1) == 0


def test_nothing_is_in_no_order() -> None:
    assert list(in_random_order([0, 0], "salt")) == []
