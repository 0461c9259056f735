import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.match_share import match_share


@given(
    st.lists(st.floats(0, 0.99), min_size=1, max_size=50),
    st.lists(st.floats(0, 0.99), min_size=1, max_size=50),
    st.floats(0, 1),
)
def test_a_matched_threshold_never_keeps_a_larger_share(
    held_out: list[float], recent: list[float], threshold: float
) -> None:
    matched = match_share(threshold, held_out, np.ones(len(held_out)), recent)
    kept = np.mean(np.asarray(held_out) >= threshold)
    assert np.mean(np.asarray(recent) >= matched) <= kept + 1e-9


def test_matching_refuses_what_it_cannot_match() -> None:
    for held_out, weights, recent in (([], [], [0.5]), ([0.5], [1.0], []), ([0.5], [1, 1], [0.5])):
        with pytest.raises(EvidenceError, match="a weight for each confidence"):
            match_share(0.5, held_out, weights, recent)
