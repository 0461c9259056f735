import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.flips import AnchorFlips, ProbeFlips


@pytest.mark.parametrize(
    "counts",
    [(-1, 0, 0, 0), (5, 6, 0, 0), (5, 2, 4, 0), (5, 2, 0, 3), (5, 2, -1, 0), (5, 2, 0, -1)],
)
def test_anchor_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(EvidenceError):
        AnchorFlips(*counts)


@pytest.mark.parametrize("counts", [(5, -1, 0), (5, 0, -1), (5, 3, 3), (-1, 0, 0)])
def test_probe_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(EvidenceError):
        ProbeFlips(*counts)


def test_mcnemars_p_is_the_binomial_tail() -> None:
    assert ProbeFlips(120, 0, 0).p_value == 1.0
    assert ProbeFlips(0, 0, 0).p_value == 1.0
    assert ProbeFlips(120, 0, 9).p_value == 1.0
    for lost, gained in [(9, 1), (1, 0), (4, 6), (30, 2)]:
        expected = stats.binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue
        assert ProbeFlips(120, lost, gained).p_value == pytest.approx(expected)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100))
def test_more_newly_failed_probes_are_never_weaker_evidence(
    lost: int, gained: int, more: int
) -> None:
    n = lost + gained + more + 1
    p = ProbeFlips(n, lost, gained).p_value
    assert 0 < p <= 1
    assert ProbeFlips(n, lost + 1, gained).p_value <= p + 1e-12
    # Probes that stand as they stood say nothing.
    assert ProbeFlips(n + 1_000, lost, gained).p_value == p


def test_as_many_one_way_as_the_other_are_no_evidence() -> None:
    # P(B >= k) for 2k fair flips is above a half.
    for k in (1, 5, 50):
        assert ProbeFlips(200, k, k).p_value > 0.5


@given(st.integers(0, 50), st.integers(0, 50), st.data())
def test_the_anchors_judged_worse_after_are_those_before_and_the_flips(
    worse: int, other: int, data: st.DataObject
) -> None:
    up, down = data.draw(st.integers(0, other)), data.draw(st.integers(0, worse))
    flips = AnchorFlips(worse + other, worse, up, down)
    assert flips.worse_after == worse + up - down
    assert 0 <= flips.worse_after <= flips.n
    # Looked at from the other end of time it is the same change.
    back = AnchorFlips(flips.n, flips.worse_after, down, up)
    assert back.worse_after == worse
