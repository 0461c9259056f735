import pytest
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
