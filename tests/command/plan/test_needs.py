"""Pairs and days become a sampling rate and money, for a tier and a median type of it."""

import pytest

from tierwatch.command.plan.needs import needs
from tierwatch.evaluation.sampling.pairs_to_width import HALF_WIDTH
from tierwatch.store.judgements.bursts import SegmentLoad

LOADS = [
    SegmentLoad("simple", "chat", 700.0, 7.0),
    SegmentLoad("simple", "sql", 70.0, 0.7),
    SegmentLoad("simple", "poem", 7.0, 0.07),
    SegmentLoad("standard", "all", 70.0, 3.5),
]


def found(**changes: float) -> dict[str, object]:
    given = {"per": 7.0, "rate": 0.05, "pairs": 200.0, "days": 10.0, "before": 0.05} | changes
    return {need.segment: need for need in needs(LOADS, **given)}


def test_a_tier_and_its_median_type_have_a_line_each_and_a_single_type_none() -> None:
    assert list(found()) == ["simple", "simple, a median type", "standard"]


def test_days_rates_and_money_follow_from_the_pairs_of_a_day() -> None:
    need = found()["simple, a median type"]  # 10 pairs a day at .01 USD
    assert (need.pairs_per_day, need.usd_per_day) == (pytest.approx(10), pytest.approx(0.1))
    assert need.days == pytest.approx(20)
    # Twice as many pairs a day bring it in half the time.
    assert need.sample_rate == pytest.approx(0.10)
    assert need.needed_pairs_per_day == pytest.approx(20)
    assert need.needed_usd_per_day == pytest.approx(0.2)


def test_an_interval_of_a_point_takes_what_the_normal_approximation_says() -> None:
    assert HALF_WIDTH == 0.01
    need = found()["standard"]  # 10 pairs a day at .05 USD
    assert need.days_to_width == pytest.approx(182.5)  # 1.96^2 x .05 x .95 / .01^2 = 1,825 pairs
    assert need.usd_to_width == pytest.approx(91.25)


def test_what_no_rate_reaches_is_above_one() -> None:
    assert found(days=0.1)["simple, a median type"].sample_rate > 1


def test_a_segment_without_pairs_has_no_line() -> None:
    assert (
        needs(
            [SegmentLoad("simple", "all", 0.0, 0.0)],
            per=7,
            rate=0.05,
            pairs=200,
            days=7,
            before=0.05,
        )
        == []
    )
