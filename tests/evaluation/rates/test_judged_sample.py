import math

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.judged_sample import JudgedSample

nan = math.nan


def test_strata_are_numbered_in_their_order_whatever_they_are_called() -> None:
    sample = JudgedSample.of([0, 0, 1], None, ["simple", "complex", "simple"], None)
    assert sample.stratum.tolist() == [1, 0, 1]
    assert sample.strata == 2
    assert [here.tolist() for here in sample.each_stratum()] == [
        [False, True, False],
        [True, False, True],
    ]


def test_without_strata_there_is_one_and_without_labels_none_is_labelled() -> None:
    sample = JudgedSample.of([0, 1], [2, 4], None, None)
    assert sample.strata == 1
    assert not sample.labelled.any()
    assert sample.weights.tolist() == [0.5, 1.0]


def test_counts_of_a_cell_are_design_effective() -> None:
    sample = JudgedSample.of([1, 1, 0, 0], [1, 1, 1, 3], None, [1, nan, 0, 1])
    everything = np.ones(4, dtype=np.bool_)
    # Kish's n of the weights is 36 / 12; a third of the weight is judged bad.
    assert sample.judged_bad(everything) == pytest.approx((1.0, 3.0))
    # Labelled are weights 1, 1 and 3: 25 / 11, of which 4 / 5 is truly bad.
    assert sample.truly_bad(everything) == pytest.approx((0.8 * 25 / 11, 25 / 11))
    assert sample.truly_bad(sample.flagged == 1) == (1.0, 1.0)


def test_an_empty_cell_counts_nothing() -> None:
    sample = JudgedSample.of([1, 0], None, None, [nan, 0])
    nothing = np.zeros(2, dtype=np.bool_)
    assert sample.judged_bad(nothing) == sample.truly_bad(nothing) == (0.0, 0.0)
    assert sample.truly_bad(sample.flagged == 1) == (0.0, 0.0)


def test_no_pairs_are_a_sample_of_none() -> None:
    sample = JudgedSample.of([], [], [], [])
    assert sample.flagged.size == sample.truth.size == 0
    assert not sample.labelled.any()


@pytest.mark.parametrize(
    ("judged", "labels", "words"),
    [
        ([2, 0], None, r"must all lie in \[0, 1\]"),
        ([0.5, 0], None, "leave unscored pairs out"),
        ([nan, 0], None, "none be NaN"),
        ([[1, 0]], None, "one-dimensional"),
        ([1, 0], [[1, 0]], r"labels of shape \(1, 2\) do not fit 2 pairs"),
        ([1, 0], [0.5, nan], "0, 1 or NaN"),
        ([1, 0], [math.inf, 0], "0, 1 or NaN"),
        ([1, 0], ["worse", "tie"], "the labels are not numbers"),
    ],
)
def test_columns_that_are_none_are_refused(judged: object, labels: object, words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        JudgedSample.of(judged, None, None, labels)  # type: ignore[arg-type]  # that is tried
