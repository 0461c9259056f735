import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor

losses_and_weights = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0.01, 2.0)), min_size=1, max_size=60
)


def test_one_bad_pair_shows_the_arithmetic() -> None:
    monitor = MisrouteMonitor(tolerance=0.2)
    assert monitor.update(1.0) is False
    # Bets with m * .2 < 1: m in 1.25, 1.6, 2, 3. A bad pair multiplies by
    # 1 + (m - 1) / .8 * .8 = m, and (0 + 1) * m, averaged: (1.25 + 1.6 + 2 + 3) / 4 = 1.9625
    assert monitor.statistic == pytest.approx(1.9625)
    monitor.update(0.0, weight=0.5)
    # A good pair at half weight: 1 - (m - 1) / .8 * .5 * .2 = 1 - (m - 1) / 8.
    # 2.25 * .96875, 2.6 * .925, 3 * .875, 4 * .75 = 2.1797, 2.405, 2.625, 3; mean 2.5524
    assert monitor.statistic == pytest.approx(2.5524, abs=1e-4)
    assert monitor.n == 2


def test_a_weight_counts_as_a_share_of_the_cap() -> None:
    narrow, wide = MisrouteMonitor(0.05, max_weight=1.0), MisrouteMonitor(0.05, max_weight=20.0)
    for loss in (0.0, 1.0, 1.0, 0.0, 0.5):
        narrow.update(loss, 0.25)
        wide.update(loss, 5.0)
    assert narrow.statistic == wide.statistic


def test_before_any_pair_there_is_no_evidence() -> None:
    monitor = MisrouteMonitor(0.05)
    assert (monitor.statistic, monitor.n, monitor.since) == (0.0, 0, 0)


def test_only_ties_never_alarm() -> None:
    monitor = MisrouteMonitor(0.05)
    assert not any(monitor.update(0.0) for _ in range(20_000))
    # The process is drawn to the mean of 1 / (lambda p0) - 1: 75, 30.7, 18, 8.5, 3.75.
    assert monitor.statistic == pytest.approx((75 + 92 / 3 + 18 + 8.5 + 3.75) / 5, rel=1e-6)
    assert monitor.since == 19_999


def test_the_alarm_is_at_the_level_not_above_it() -> None:
    first = MisrouteMonitor(0.2)
    first.update(1.0)
    assert MisrouteMonitor(0.2, level=first.statistic).update(1.0) is True
    assert MisrouteMonitor(0.2, level=math.nextafter(first.statistic, 2)).update(1.0) is False


def test_a_rise_alarms_and_tells_when_it_began() -> None:
    rng = np.random.default_rng(3)
    losses = (rng.random(6_000) < np.where(np.arange(6_000) < 3_000, 0.05, 0.25)).tolist()
    monitor = MisrouteMonitor(0.05)
    alarm_at = next(index for index, loss in enumerate(losses) if monitor.update(loss))
    assert 3_020 < alarm_at < 3_200
    assert abs(monitor.since - 3_000) < 40


def test_since_is_the_start_with_the_largest_product() -> None:
    rng = np.random.default_rng(9)
    losses = (rng.random(400) < 0.3).astype(float)
    monitor = MisrouteMonitor(0.2)
    for loss in losses:
        monitor.update(loss)
    starts = {}
    for multiple in (1.25, 1.6, 2, 3):
        log_factors = np.log1p((multiple - 1) / 0.8 * (losses - 0.2))
        from_start = np.cumsum(log_factors[::-1])[::-1]
        starts[from_start.max()] = int(from_start.argmax())
    assert monitor.since == starts[max(starts)]


def test_false_alarms_stay_within_updates_over_level() -> None:
    # 400 null runs of 500 pairs at level 5,000: at most 500 / 5,000 = 40 may alarm; a test
    # repeated at every pair with 5 % each would stop nearly all of them.
    rng = np.random.default_rng(11)
    alarmed = 0
    for _ in range(400):
        monitor = MisrouteMonitor(0.1, level=5_000)
        alarmed += any(monitor.update(loss) for loss in (rng.random(500) < 0.1).tolist())
    assert 0 < alarmed <= 40


@pytest.mark.parametrize("tolerance", [1e-9, 0.05, 0.2, 1 / 3, 0.4, 0.5, 0.625, 0.8, 0.95, 0.999])
def test_at_every_tolerance_a_bet_remains_and_no_factor_is_negative(tolerance: float) -> None:
    quiet, loud = MisrouteMonitor(tolerance), MisrouteMonitor(tolerance)
    for _ in range(100):
        quiet.update(0.0)
        assert min(quiet.state()["evidence"]) > 0
    # Only losses: at a tolerance of .999 a pair multiplies evidence by 1.0005.
    alarmed = any(loud.update(1.0) for _ in range(20_000))
    assert alarmed


@pytest.mark.parametrize(
    ("tolerance", "bets"), [(0.05, 5), (0.24, 4), (0.4, 3), (0.7, 1), (0.9, 1)]
)
def test_bets_above_their_limit_are_dropped(tolerance: float, bets: int) -> None:
    assert len(MisrouteMonitor(tolerance).state()["evidence"]) == bets


def test_endless_losses_stay_finite_and_the_alarm_can_end() -> None:
    monitor = MisrouteMonitor(0.05)
    for _ in range(5_000):
        monitor.update(1.0)
    assert monitor.statistic == pytest.approx(1e7 * 1e6)
    assert json.loads(json.dumps(monitor.state(), allow_nan=False)) == monitor.state()
    assert monitor.update(1.0)
    assert monitor.since == 0
    assert any(not monitor.update(0.0) for _ in range(5_000))


@pytest.mark.parametrize("loss", [-0.01, 1.01, math.nan, math.inf])
def test_a_loss_off_its_range_updates_nothing(loss: float) -> None:
    _assert_refused(loss, 1.0)


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.001, math.nan, math.inf])
def test_a_weight_off_its_range_updates_nothing(weight: float) -> None:
    _assert_refused(0.5, weight)


def _assert_refused(loss: float, weight: float) -> None:
    monitor = MisrouteMonitor(0.05)
    monitor.update(1.0)
    before = monitor.state()
    with pytest.raises(EvidenceError, match="nothing was updated"):
        monitor.update(loss, weight)
    assert monitor.state() == before


def test_a_weight_above_its_cap_by_rounding_is_the_cap() -> None:
    cap = 1 / 0.05
    monitor, twin = MisrouteMonitor(0.05, max_weight=cap), MisrouteMonitor(0.05, max_weight=cap)
    monitor.update(1.0, math.nextafter(cap, math.inf))
    twin.update(1.0, cap)
    assert monitor.state() == twin.state()


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_tolerance_off_its_range_is_refused(tolerance: float) -> None:
    with pytest.raises(EvidenceError, match="tolerance"):
        MisrouteMonitor(tolerance)


@pytest.mark.parametrize("level", [1.0, 0.5, -3, math.nan, math.inf])
def test_a_level_off_its_range_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        MisrouteMonitor(0.05, level=level)


@pytest.mark.parametrize("max_weight", [0.0, -1.0, math.nan, math.inf])
def test_a_cap_off_its_range_is_refused(max_weight: float) -> None:
    with pytest.raises(EvidenceError, match="weight"):
        MisrouteMonitor(0.05, max_weight=max_weight)


@given(pairs=losses_and_weights, cut=st.integers(0, 60))
def test_a_monitor_restored_from_json_goes_on_bit_for_bit(
    pairs: list[tuple[float, float]], cut: int
) -> None:
    whole = MisrouteMonitor(0.24, level=50, max_weight=2.0)
    halved = MisrouteMonitor(0.24, level=50, max_weight=2.0)
    for index, (loss, weight) in enumerate(pairs):
        if index == cut:
            halved = MisrouteMonitor.from_state(json.loads(json.dumps(halved.state())))
        assert whole.update(loss, weight) == halved.update(loss, weight)
        assert whole.state() == halved.state()
        assert whole.statistic == halved.statistic
        assert whole.since == halved.since


def test_numpy_values_leave_plain_json() -> None:
    monitor = MisrouteMonitor(np.float64(0.05))
    monitor.update(np.float64(1.0), np.float64(0.3))
    assert all(type(value) is float for value in monitor.state()["evidence"])
    assert type(monitor.state()["tolerance"]) is float


def test_integers_as_postgres_returns_them_are_read() -> None:
    state = MisrouteMonitor(0.05).state() | {"evidence": [1, 2, 3, 4, 10**13], "level": 10**7}
    monitor = MisrouteMonitor.from_state(state)
    assert monitor.state()["evidence"] == [1.0, 2.0, 3.0, 4.0, 1e13]


@pytest.mark.parametrize(
    "damage",
    [
        {"evidence": [0.0]},
        {"evidence": [0.0, 0.0, 0.0, 0.0, math.nan]},
        {"evidence": [0.0, 0.0, 0.0, 0.0, -1.0]},
        {"excursions": [math.inf] * 5},
        {"starts": [0, 0, 0, 0, 7]},
        {"starts": None},
        {"n": "many"},
        {"tolerance": 0.0},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        MisrouteMonitor.from_state(MisrouteMonitor(0.05).state() | damage)


def test_a_state_without_a_part_is_refused() -> None:
    state = MisrouteMonitor(0.05).state()
    del state["n"]
    with pytest.raises(EvidenceError, match="not the state"):
        MisrouteMonitor.from_state(state)


def test_an_observation_of_several_pairs_is_the_sum_over_them() -> None:
    monitor = MisrouteMonitor(0.05, together=8.0)
    for loss, weight in ((0.0, 1.0), (0.25, 4.0), (0.5, 8.0), (0.0, 1.0)):
        monitor.update(loss, weight)
    # Bets of 1.25, 1.6, 2, 3 and 5, for one pair, for up to four, and for up to eight.
    by_hand = [0.0] * 5
    steps = [
        (1 * (0 - 0.05), 20),
        (4 * (0.25 - 0.05), 4.5),
        (8 * (0.5 - 0.05), 2.25),
        (-0.05, 2.25),
    ]
    for surplus, largest in steps:
        bets = [min((m - 1) / 0.95, largest) for m in (1.25, 1.6, 2, 3, 5)]
        by_hand = [(m + 1) * (1 + bet * surplus) for m, bet in zip(by_hand, bets, strict=True)]
    assert monitor.evidence == pytest.approx(by_hand)
    assert monitor.reach == 8.0


def test_pairs_alone_bet_as_boldly_as_if_conversations_were_none() -> None:
    alone, several = MisrouteMonitor(0.24), MisrouteMonitor(0.24, together=8.0)
    for loss in (1.0, 0.0, 1.0, 1.0):
        alone.update(loss)
        several.update(loss)
    assert several.evidence == pytest.approx(alone.evidence, rel=0.2)
    assert several.reach == 1.0


@pytest.mark.parametrize("tolerance", [0.001, 0.05, 0.24, 0.5, 0.9])
@pytest.mark.parametrize("max_weight", [1.0, 2.5, 20.0])
def test_the_heaviest_observation_of_good_answers_leaves_something(
    tolerance: float, max_weight: float
) -> None:
    monitor = MisrouteMonitor(tolerance, max_weight=max_weight, together=8.0)
    monitor.update(1.0, 1.0)
    heaviest = max(8.0, max_weight)
    for _ in range(3):
        before = monitor.evidence
        monitor.update(0.0, heaviest)
        for old, new in zip(before, monitor.evidence, strict=True):
            assert new >= (old + 1) * 0.0999
    with pytest.raises(EvidenceError, match="a weight must lie in"):
        monitor.update(0.0, heaviest * 1.01)


def test_a_monitor_of_conversations_goes_on_bit_for_bit() -> None:
    monitor, rng = MisrouteMonitor(0.05, max_weight=2.5, together=8.0), np.random.default_rng(1)
    for _ in range(50):
        monitor.update(float(rng.random() < 0.1), float(rng.uniform(0.5, 7)))
    again = MisrouteMonitor.from_state(json.loads(json.dumps(monitor.state())))
    assert again.reach == monitor.reach == 8.0
    for loss in (0.0, 1.0, 0.5):
        assert monitor.update(loss, 3.0) == again.update(loss, 3.0)
    assert again.state() == monitor.state()


@pytest.mark.parametrize(
    "change",
    [{"together": -1.0}, {"together": math.nan}, {"reach": 9.0}, {"reach": 0.5}, {"reach": "x"}],
)
def test_a_reach_off_its_range_is_refused(change: dict[str, object]) -> None:
    state = MisrouteMonitor(0.05, together=8.0).state()
    with pytest.raises(EvidenceError):
        MisrouteMonitor.from_state(state | change)


def test_a_state_of_before_is_of_single_pairs() -> None:
    monitor = MisrouteMonitor(0.05, max_weight=2.0)
    monitor.update(1.0, 1.0)
    old = {key: value for key, value in monitor.state().items() if key not in {"together", "reach"}}
    assert MisrouteMonitor.from_state(old).state() == monitor.state()


def test_what_is_absorbed_is_the_sum_of_two() -> None:
    one, other = MisrouteMonitor(0.05), MisrouteMonitor(0.05)
    one.update(1.0)
    other.update(1.0)
    other.update(0.0)
    expected = [mine + theirs for mine, theirs in zip(one.evidence, other.evidence, strict=True)]
    assert one.absorb(other)
    assert one.evidence == pytest.approx(expected)
    assert one.n == 1
    assert not one.absorb(MisrouteMonitor(0.06))
    assert not one.absorb(MisrouteMonitor(0.05, level=1e6))
    assert one.evidence == pytest.approx(expected)


@pytest.mark.parametrize("level", [2e7, 1e3, 1e7])
def test_another_level_keeps_the_evidence_and_the_place_of_the_change(level: float) -> None:
    monitor = MisrouteMonitor(0.05, 1e7)
    for n in range(60):
        monitor.update(float(n > 50))
    moved = monitor.at_level(level)
    assert (moved.level, moved.n, moved.since) == (level, monitor.n, monitor.since)
    assert moved.statistic == pytest.approx(min(monitor.statistic, 1e6 * level))
    assert monitor.level == 1e7


def test_what_is_no_level_is_refused_when_it_changes() -> None:
    with pytest.raises(EvidenceError, match="level"):
        MisrouteMonitor(0.05).at_level(0.5)
