import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.alarms.level import HIGHEST_LEVEL, false_alarm_share, level_for
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.sample_ratio import SampleRatioMonitor

shares = st.floats(1e-9, 0.999)
counts = st.integers(1, 10**9)


def test_one_percent_per_100_000_pairs_is_the_default_of_the_monitors() -> None:
    # c = N / share = 100,000 / .01
    assert level_for(0.01, 100_000) == 1e7 == MisrouteMonitor(0.05).level
    assert InputDriftMonitor().level == 1e7


def test_one_in_a_hundred_teams_of_a_thousand_pairs() -> None:
    assert level_for(0.01, 1_000) == 1e5
    assert false_alarm_share(1e5, 1_000) == 0.01


@given(shares, counts)
def test_there_and_back(share: float, pairs: int) -> None:
    assert false_alarm_share(level_for(share, pairs), pairs) == pytest.approx(share, rel=1e-12)


@given(shares, counts, st.floats(1.01, 100))
def test_fewer_false_alarms_need_a_higher_level(share: float, pairs: int, factor: float) -> None:
    assert level_for(share / factor, pairs) > level_for(share, pairs)
    assert level_for(share, pairs * factor) > level_for(share, pairs)


@given(st.floats(1.5, 1e12), counts, counts)
def test_shares_add_up_over_pairs_until_nothing_is_promised(
    level: float, first: int, then: int
) -> None:
    both = false_alarm_share(level, first + then)
    apart = false_alarm_share(level, first) + false_alarm_share(level, then)
    assert both == pytest.approx(min(1.0, apart))
    assert 0 <= both <= 1


@given(shares, counts)
def test_every_monitor_accepts_the_level(share: float, pairs: int) -> None:
    level = level_for(share, pairs)
    assert MisrouteMonitor(0.05, level).level == level
    assert InputDriftMonitor(level).level == level
    assert SampleRatioMonitor(level).level == level


def test_no_pairs_are_no_false_alarm() -> None:
    assert false_alarm_share(1e7, 0) == 0.0


@pytest.mark.parametrize("share", [0.0, -0.01, 1.0, 1.5, math.nan, math.inf])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(EvidenceError, match="share of false alarms must lie between 0 and 1"):
        level_for(share, 100_000)


@pytest.mark.parametrize("pairs", [0, -1, 0.5, math.nan, math.inf])
def test_too_few_pairs_or_no_number_of_them(pairs: float) -> None:
    with pytest.raises(EvidenceError, match="1 pair or more"):
        level_for(0.01, pairs)


@pytest.mark.parametrize(("share", "pairs"), [(1e-99, 1_000), (5e-324, 1), (0.5, 1e100)])
def test_stricter_than_any_level(share: float, pairs: float) -> None:
    with pytest.raises(EvidenceError, match=r"asks for a level above 1e\+100"):
        level_for(share, pairs)
    assert level_for(1 / 2, HIGHEST_LEVEL / 2) == HIGHEST_LEVEL


@pytest.mark.parametrize("level", [1.0, 0.0, -1e7, 1.1e100, math.inf, math.nan])
def test_a_level_that_is_none(level: float) -> None:
    for make in (
        lambda: false_alarm_share(level, 100),
        lambda: MisrouteMonitor(0.05, level),
        lambda: InputDriftMonitor(level),
        lambda: SampleRatioMonitor(level),
    ):
        with pytest.raises(EvidenceError, match="above 1 and at most 1e100"):
            make()


@pytest.mark.parametrize("pairs", [-1, math.nan, math.inf])
def test_a_number_of_pairs_that_is_none(pairs: float) -> None:
    with pytest.raises(EvidenceError, match="0 pairs or more"):
        false_alarm_share(1e7, pairs)
