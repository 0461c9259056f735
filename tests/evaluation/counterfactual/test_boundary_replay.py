import dataclasses

import pytest
from factories.replayed import LOGGED, replay

from tierwatch.evaluation.counterfactual.boundary_replay import BoundaryReplay
from tierwatch.evaluation.rates.estimate import Estimate


def found(candidate: float) -> BoundaryReplay:
    return replay(LOGGED, 0.7, candidate).boundaries[0]


def test_overlap_is_there_unless_a_reason_says_otherwise() -> None:
    assert found(0.6).overlap_ok
    refused = found(0.3)
    assert not refused.overlap_ok
    assert refused.refused is not None
    assert "effective pairs at confidence" in refused.refused


def test_a_refusal_leaves_only_what_the_candidate_has_no_part_in() -> None:
    refused = found(0.3)
    known = {
        field.name
        for field in dataclasses.fields(refused)
        if isinstance(value := getattr(refused, field.name), Estimate) and value.value is not None
    }
    assert known == {"misroute_now"}


def test_what_was_found_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        found(0.6).threshold = 0.5  # type: ignore[misc]  # that is what is tried


def test_thresholds_and_tier_are_those_that_were_asked_about() -> None:
    one = found(0.6)
    assert (one.tier, one.threshold_now, one.threshold) == ("simple", 0.7, 0.6)
