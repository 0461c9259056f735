import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.alarms.shuffled_histogram import in_random_order


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


def _order(monitor: InputDriftMonitor, counts: list[int]) -> list[int]:
    taken = []
    take = InputDriftMonitor._take

    class Watched(InputDriftMonitor):
        def _take(self, place: int) -> bool:
            taken.append(place)
            return take(self, place)

    Watched.from_state(monitor.state()).update_counts(counts)
    return taken


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
