from tierwatch.dashboard.chart import CHART_BUCKETS, chart
from tierwatch.store.pages.overview import LossSums


def _sums(bucket: int, n: int, losses: float) -> LossSums:
    return LossSums("simple", bucket, bucket * 10, bucket * 10 + 9, n, n, n, losses)


def test_chart_has_a_gap_where_there_are_no_pairs() -> None:
    drawn = chart("simple", [_sums(0, 100, 0.0), _sums(CHART_BUCKETS - 1, 100, 30.0)], 0.05)
    assert drawn is not None
    first, last = drawn.bars
    assert first.state == ""
    assert first.middle == first.bottom == drawn.height
    assert last.state == "above"
    assert last.top < last.middle < last.bottom < drawn.height
    assert 0 < first.x < last.x < drawn.width
    assert "requests 150 to 159: 30.0 %" in last.title
    assert (drawn.first_request, drawn.last_request) == (0, 159)


def test_chart_of_only_losses_and_without_tolerance_stays_inside() -> None:
    drawn = chart("simple", [_sums(0, 1, 1.0)], None)
    assert drawn is not None
    (bar,) = drawn.bars
    assert bar.top == bar.middle == 0
    assert bar.bottom <= drawn.height
    assert drawn.tolerance_y is None
    assert bar.state == ""


def test_no_chart_without_pairs() -> None:
    assert chart("simple", [], 0.05) is None
