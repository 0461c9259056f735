from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.charts.chart import Level
from tierwatch.dashboard.charts.rates import MOST_POINTS, STEPS, rate_chart, rate_figure, stretches
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.pages.over_time.monitors import TierMonitor

AT = 1_795_004_800.0
SPAN = (AT, AT + STEPS * 60)


def sums(pairs: int, losses: float = 0.0) -> RateSums:
    """Of pairs of one weight, each a conversation of its own."""
    return RateSums(pairs, losses, float(pairs), losses, float(pairs))


def test_time_with_few_pairs_is_shown_more_coarsely() -> None:
    found = stretches({0: sums(10), 1: sums(25), 2: sums(40), 5: sums(29), 9: sums(1)}, 0, 60, 30)
    assert [(one.start, one.end, one.sums.pairs) for one in found] == [
        (0, 120, 35),
        (120, 180, 40),
        (300, 600, 30),
    ]


def test_what_is_left_over_goes_to_the_stretch_before() -> None:
    found = stretches({0: sums(30), 1: sums(3)}, 0, 60, 30)
    assert [(one.start, one.end, one.sums.pairs) for one in found] == [(0, 120, 33)]
    assert stretches({0: sums(29)}, 0, 60, 30) == []
    assert stretches({}, 0, 60, 30) == []


@given(st.dictionaries(st.integers(0, STEPS - 1), st.integers(1, 5_000), max_size=STEPS))
def test_no_pair_is_dropped_or_counted_twice(pairs: dict[int, int]) -> None:
    found = stretches({step: sums(n) for step, n in pairs.items()}, 0, 60, 30)
    total = sum(pairs.values())
    assert sum(one.sums.pairs for one in found) == (total if found else 0)
    assert bool(found) == (total >= 30)
    assert all(one.sums.pairs >= 30 for one in found)
    assert len(found) <= MOST_POINTS + 1
    for before, after in pairwise(found):
        assert before.end <= after.start


def test_a_rate_has_the_interval_that_may_be_watched() -> None:
    found = rate_figure(sums(100, 5.0), needed=30)
    assert (found.value, found.n, found.enough) == (0.05, 100, True)
    assert (found.low, found.high) == always_valid_interval(5, 100)


def test_weights_and_conversations_cost_pairs() -> None:
    heavy = rate_figure(RateSums(100, 5.0, 100.0, 5.0, 400.0), needed=30)  # worth 25
    assert heavy.low is not None
    assert (heavy.low, heavy.high) == always_valid_interval(0.05 * 25, 25)
    assert "25 effective conversations" in heavy.method


def test_no_pairs_are_no_rate() -> None:
    for nothing in (None, RateSums()):
        found = rate_figure(nothing, needed=30)
        assert (found.value, found.n, found.enough) == (None, 0, False)


def test_a_short_range_says_that_there_is_not_enough() -> None:
    chart = rate_chart("Misroute rate of simple", {3: sums(12, 4.0)}, SPAN, needed=30)
    assert chart.empty
    assert chart.missing == "Not enough pairs in this time: 12 of 30."
    assert chart.span == SPAN


def test_a_chart_of_a_rate() -> None:
    steps = {0: sums(40, 2.0), 47: sums(30, 30.0)}
    chart = rate_chart("Rate", steps, SPAN, levels=(Level("tolerated", 0.05),), needed=30)
    assert chart.x == (AT + 30, AT + 47 * 60 + 30)
    [series] = chart.series
    assert series.values == (0.05, 1.0)
    assert series.notes[0] == "40 pairs, 2026-11-18 12:26 to 2026-11-18 12:27 UTC"
    assert series.high[1] == 1.0


def test_the_alarm_of_its_monitor_is_drawn_beside_what_is_tolerated() -> None:
    monitor = TierMonitor("simple", MisrouteMonitor(0.05).state(), alarmed=False)
    steps = {0: sums(300, 15.0), 9: sums(300, 15.0)}
    tolerated = Level("tolerated", 0.05)
    chart = rate_chart("Rate", steps, SPAN, levels=(tolerated,), needed=30, monitor=monitor)
    assert [one.name for one in chart.levels] == ["tolerated", "alarm"]
    assert "300 more conversations" in chart.says
    without = rate_chart("Rate", steps, SPAN, levels=(tolerated,), needed=30)
    assert without.levels == (tolerated,)
    assert without.says.endswith("of each.")
