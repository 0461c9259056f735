import math
from dataclasses import replace

import numpy as np
import pytest
from factories.replayed import LOGGED, pairs, replay
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.replay import replay_policy


def test_a_looser_threshold_shows_its_arithmetic() -> None:
    found = replay(LOGGED, 0.7, 0.6)
    one = found.boundaries[0]
    # Requests: 60 kept with 3 bad, 4 x 40 = 160 escalated with 32 bad, 220 in all.
    assert one.misroute_now.value == pytest.approx(3 / 60)
    assert one.misroute.value == pytest.approx(35 / 220)
    assert one.kept.value == pytest.approx(1.0)
    assert one.misroutes_change.value == pytest.approx(32 / 220)
    # Cost now 60 + 3 x 160 = 540, then 220.
    assert one.cost_change.value == pytest.approx(220 / 540 - 1)
    assert found.cost_change.value == pytest.approx(220 / 540 - 1)
    assert found.quality_change.value == pytest.approx(-32 / 220)
    # (60 + 160)^2 / (60 + 16 x 40) and 40 pairs alike
    assert one.effective == pytest.approx(220**2 / 700)
    assert one.effective_moved == pytest.approx(40)
    assert one.overlap_ok
    assert found.refused is None


def test_a_stricter_threshold_shows_its_arithmetic() -> None:
    one = replay(LOGGED, 0.6, 0.7).boundaries[0]
    assert one.misroute.value == pytest.approx(3 / 60)
    assert one.kept.value == pytest.approx(60 / 220)
    assert one.misroutes_change.value == pytest.approx(-32 / 220)
    assert one.misroutes_change.low < -32 / 220 < one.misroutes_change.high < 0
    assert one.cost_change.value == pytest.approx(540 / 220 - 1)


def test_one_refused_boundary_refuses_the_whole() -> None:
    found = replay_policy(
        {"simple": LOGGED, "standard": LOGGED},
        {"simple": 0.7, "standard": 0.7},
        {"simple": 0.6, "standard": 0.3},
    )
    assert found.boundaries[0].misroute.value is not None
    assert found.boundaries[1].misroute.value is None
    assert found.quality_change.value is None
    assert found.refused is not None
    assert found.refused.startswith("standard: ")


def test_the_same_policy_changes_nothing() -> None:
    found = replay(LOGGED, 0.7, 0.7)
    one = found.boundaries[0]
    for estimate in (one.misroutes_change, one.cost_change, found.cost_change):
        assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
    assert found.quality_change.value == 0.0
    assert one.misroute == one.misroute_now


def test_no_pairs_and_one_pair() -> None:
    none = replay(pairs([]), 0.7, 0.7)
    assert none.boundaries[0].misroute.value is None
    assert none.quality_change.value is None
    assert replay(pairs([]), 0.7, 0.6).refused is not None
    one = replay(pairs([(0.8, 1, 0.5, 1)], traffic=[0.8, 0.9]), 0.7, 0.7).boundaries[0]
    assert (one.misroute.value, one.misroute.low) == (1.0, pytest.approx(0.025))
    assert one.misroute_robust.value == 1.0
    nothing = replay_policy({}, {}, {})
    assert nothing.boundaries == ()
    assert nothing.quality_change.value is None


def test_ties_only_and_losses_only() -> None:
    ties = replay(pairs([(0.8, 0, 0.5, 100)], traffic=[0.8] * 200), 0.7, 0.7).boundaries[0]
    assert (ties.misroute.value, ties.misroute_robust.value) == (0.0, 0.0)
    assert ties.misroute_robust.high == pytest.approx(0.0362, abs=1e-4)
    bad = replay(pairs([(0.8, 1, 0.5, 100)], traffic=[0.8] * 200), 0.7, 0.7).boundaries[0]
    assert (bad.misroute.value, bad.misroute_robust.value) == (1.0, 1.0)
    assert bad.misroute.high == 1.0


@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.01, 1)),
        max_size=60,
    ),
    now=st.integers(0, 100),
    candidate=st.integers(0, 100),
)
def test_values_lie_inside_their_intervals(
    rows: list[tuple[float, float, float]], now: int, candidate: int
) -> None:
    evidence = replace(pairs([(*row, 1) for row in rows]), traffic=np.linspace(0, 1, 50))
    found = replay(evidence, now / 100, candidate / 100, min_effective=1e-6)
    one = found.boundaries[0]
    for estimate in (
        one.kept,
        one.misroute,
        one.misroute_robust,
        one.misroute_now,
        one.misroutes_change,
        one.cost_change,
        found.quality_change,
        found.cost_change,
    ):
        assert estimate.low <= estimate.high
        if estimate.value is not None:
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9


@pytest.mark.parametrize(
    ("now", "candidate", "more", "words"),
    [
        ({}, {}, {}, "no present threshold for tier 'simple'"),
        ({"simple": 0.7}, {"standard": 0.7}, {}, "evidence for simple"),
        ({"simple": 1.1}, {}, {}, "simple's threshold"),
        ({"simple": 0.7}, {"simple": math.nan}, {}, "simple's threshold"),
        ({"simple": 0.7}, {}, {"level": 1.0}, "level"),
        ({"simple": 0.7}, {}, {"min_effective": 0.0}, "min_effective"),
        ({"simple": 0.7}, {}, {"min_effective": math.nan}, "min_effective"),
    ],
)
def test_bad_policies_are_refused(
    now: dict[str, float], candidate: dict[str, float], more: dict[str, float], words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        replay_policy({"simple": LOGGED}, now, candidate, **more)
