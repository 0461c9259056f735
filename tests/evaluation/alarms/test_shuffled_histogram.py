import pytest

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor


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
