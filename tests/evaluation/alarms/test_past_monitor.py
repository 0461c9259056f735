"""The alarm against the past: what one pair is worth, whose change it names, what it refuses."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.past_monitor import ODDS, Finding, Heard, PastMonitor
from tierwatch.evaluation.alarms.past_ranks import CALIBRATION, StratumRanks
from tierwatch.routing.policy import hashed_share

TIERS = ("simple", "standard", "complex")


def fed(
    monitor: PastMonitor, rates: Callable[[int], float], conversations: int, *, seed: int = 1
) -> Finding | None:
    """Single pairs, half at each boundary, until an alarm."""
    rng = random.Random(seed)
    for _ in range(conversations):
        place = int(rng.random() < 0.5)
        bad = float(rng.random() < rates(place))
        found = monitor.update(Heard(f"boundary {place}", place, bad, 1))
        if found is not None:
            return found
    return None


def after_steady(
    then: Callable[[int], float], *, tiers: tuple[str, ...] = TIERS, seed: int = 1
) -> Finding | None:
    monitor = PastMonitor(tiers)
    assert fed(monitor, lambda _: 0.2, 3_000, seed=seed) is None
    return fed(monitor, then, 2_000, seed=seed + 1)


def test_one_pair_is_worth_what_the_formula_says() -> None:
    monitor, twin = PastMonitor(("small", "large")), StratumRanks()
    for n in range(CALIBRATION + 1):
        loss = float(n % 4 == 0)
        monitor.update(Heard("s", 0, loss, 1))
        rank = twin.rank_of(loss=loss, draw=hashed_share(f"rank {n}", "s"))
    assert rank is not None

    def density(at: float, cut: float, odds: float) -> float:
        return (odds if at < cut else 1.0) / (1 + (odds - 1) * cut)

    rise = sum(density(rank.rank, rank.worse_share, odds) for odds in ODDS)
    fall = sum(density(1 - rank.rank, rank.better_share, odds) for odds in ODDS)
    assert monitor.statistic == pytest.approx((4 * rise + fall) / 30)


@pytest.mark.parametrize("cut", [0.01, 0.3, 0.97])
@pytest.mark.parametrize("odds", ODDS)
def test_a_bet_is_fair_on_uniform_ranks(cut: float, odds: float) -> None:
    below, above = odds / (1 + (odds - 1) * cut), 1 / (1 + (odds - 1) * cut)
    assert cut * below + (1 - cut) * above == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("then", "change"),
    [
        ({0: 0.05, 1: 0.45}, ("tier_worse", "standard")),
        ({0: 0.45, 1: 0.05}, ("tier_better", "standard")),
        ({0: 0.45, 1: 0.20}, ("tier_worse", "simple")),
        ({0: 0.20, 1: 0.03}, ("tier_worse", "complex")),
        ({0: 0.45, 1: 0.45}, ("judge_stricter", "")),
        ({0: 0.03, 1: 0.03}, ("judge_milder", "")),
    ],
)
def test_the_signs_name_the_change(then: dict[int, float], change: tuple[str, str]) -> None:
    found = after_steady(then.__getitem__)
    assert found is not None
    pattern, share = found.patterns[0]
    assert pattern.readings[0] == change
    assert share > 0.5
    assert found.statistic >= 2e7
    for shift in found.shifts:
        assert shift.before == pytest.approx(0.2, abs=0.06)
        assert (shift.after > shift.before) == (pattern.signs[shift.boundary] > 0)
    # The excursion is dated to where it began, give or take.
    assert abs(found.since - 3_000) < 60


def test_both_boundaries_together_are_faster_than_either_alone() -> None:
    def conversations(then: dict[int, float]) -> float:
        found = [after_steady(then.__getitem__, seed=seed) for seed in range(0, 16, 2)]
        return sum(one.n - 3_000 for one in found if one is not None) / len(found)

    both = conversations({0: 0.05, 1: 0.40})
    assert both < 0.8 * conversations({0: 0.2, 1: 0.40})
    assert both < 0.8 * conversations({0: 0.05, 1: 0.2})


def test_steady_boundaries_do_not_alarm() -> None:
    assert after_steady(lambda _: 0.2) is None


def test_a_stratum_that_begins_has_no_past_and_says_nothing() -> None:
    monitor = PastMonitor(TIERS)
    assert fed(monitor, lambda _: 0.1, 2_000) is None
    seen = monitor.statistic
    # A policy that sends other requests here: all of them bad, and nothing to compare with.
    for _ in range(CALIBRATION):
        assert monitor.update(Heard("new", 0, 1.0, 1)) is None
    assert monitor.statistic == seen
    for _ in range(500):
        assert monitor.update(Heard("new", 0, 1.0, 1)) is None


def test_a_changed_mix_of_strata_is_no_change() -> None:
    """Ten times the share of a hard type: the tier's rate doubles, no type's does."""
    monitor, rng = PastMonitor(TIERS), random.Random(5)

    def feed(hard: float, n: int) -> bool:
        for _ in range(n):
            kind, rate = ("hard", 0.5) if rng.random() < hard else ("easy", 0.05)
            told = Heard(kind, 0, float(rng.random() < rate), 1)
            if monitor.update(told) is not None:
                return True
        return False

    assert not feed(0.05, 6_000)
    assert not feed(0.5, 6_000)


def test_a_conversation_counts_by_its_mean() -> None:
    whole, single = PastMonitor(TIERS), PastMonitor(TIERS)
    for n in range(200):
        whole.update(Heard("s", 0, 4.0 * (n % 4 == 0), 4))
        single.update(Heard("s", 0, float(n % 4 == 0), 1))
    assert whole.statistic == pytest.approx(single.statistic)


def test_strata_of_one_conversation_share_one_observation() -> None:
    """The same pair twice says what it says once; two apart say half of each."""
    once, twice = PastMonitor(TIERS), PastMonitor(TIERS)
    for n in range(200):
        bad = float(n % 4 == 0)
        once.update(Heard("s", 0, bad, 1))
        twice.update(Heard("s", 0, bad, 1), Heard("other", 1, 0.0, 1))
    assert (once.n, twice.n) == (200, 200)
    # Half of each deviation from 1, and of the patterns that speak of both.
    assert 0 < twice.statistic < 200
    assert set(twice.strata) == {"s", "other"}


def test_a_conversation_of_nothing_is_refused() -> None:
    with pytest.raises(EvidenceError, match="nothing was updated"):
        PastMonitor(TIERS).update()


@pytest.mark.parametrize(
    "told",
    [
        Heard("s", 0, 0.0, 0),
        Heard("s", 0, -1.0, 1),
        Heard("s", 0, 2.0, 1),
        Heard("s", 0, float("nan"), 1),
        Heard("s", 2, 0.0, 1),
        Heard("s", -1, 0.0, 1),
    ],
)
def test_what_is_no_conversation_is_refused_and_updates_nothing(told: Heard) -> None:
    monitor = PastMonitor(TIERS)
    before = monitor.state()
    with pytest.raises(EvidenceError, match="nothing was updated"):
        monitor.update(told)
    assert monitor.state() == before


@pytest.mark.parametrize("level", [1.0, 0.0, float("nan"), 1e101])
def test_what_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        PastMonitor(TIERS, level)


def test_the_evidence_is_bounded_and_falls_again() -> None:
    monitor = PastMonitor(TIERS)
    fed(monitor, lambda _: 0.1, 1_000)
    for _ in range(3_000):
        monitor.update(Heard("boundary 0", 0, 1.0, 1))
    assert monitor.statistic <= 1e6 * monitor.level


def test_strata_seen_longest_ago_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.evaluation.alarms.past_monitor._MOST_STRATA", 3)
    monitor = PastMonitor(TIERS)
    for name in ("a", "b", "c", "a", "d"):
        monitor.update(Heard(name, 0, 0.0, 1))
    assert set(monitor.strata) == {"a", "c", "d"}


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.integers(0, 3), st.integers(3, 5)),
        max_size=200,
    )
)
def test_a_stored_monitor_goes_on_bit_for_bit(told: list[tuple[str, int, int, int]]) -> None:
    monitor = PastMonitor(TIERS, level=100.0)
    for name, place, bad, pairs in told:
        monitor.update(Heard(f"{name}{place}", place, bad, pairs))
    copy = PastMonitor.from_state(json.loads(json.dumps(monitor.state())))
    for n in range(80):
        told_next = Heard("a0", 0, n % 2, 1)
        assert monitor.update(told_next) == copy.update(told_next)
    assert copy.state() == monitor.state()


def broken(**changes: Any) -> dict[str, Any]:
    monitor = PastMonitor(TIERS)
    fed(monitor, lambda _: 0.3, 300)
    return monitor.state() | changes


@pytest.mark.parametrize(
    "state",
    [
        {},
        broken(tiers=["one"]),
        broken(tiers=["a", "b"]),
        broken(level=0.5),
        broken(n=-1),
        broken(n="many"),
        broken(strata={"s": {"first": 3}}),
        broken(strata=[1]),
        broken(trails=[]),
        broken(trails=[{"evidence": [1.0]}] * 8),
        broken(trails=[broken()["trails"][0] | {"evidence": [-1.0] * 6}] * 8),
        broken(trails=[broken()["trails"][0] | {"evidence": [float("nan")] * 6}] * 8),
        broken(trails=[broken()["trails"][0] | {"since": 10_000}] * 8),
        broken(trails=[broken()["trails"][0] | {"sums": [[7, 1, 0, 0]]}] * 8),
        broken(trails=[broken()["trails"][0] | {"sums": [[0, 0, 0, 0]]}] * 8),
        broken(trails=[broken()["trails"][0] | {"befores": {"s": 2.0}}] * 8),
    ],
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError):
        PastMonitor.from_state(state)
