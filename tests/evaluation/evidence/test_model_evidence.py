import pytest
from factories import evidence as stored

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence, OffsetsOfTypes


def test_a_model_of_the_first_day_has_no_offsets() -> None:
    found = ModelEvidence.from_json(stored.model())
    assert found.type_offsets == OffsetsOfTypes(0, {})
    # Written again it says so.
    assert found.to_json()["type_offsets"] == {"types_version": 0, "by_type": {}}


def test_offsets_are_pairs_by_type() -> None:
    offsets = {"types_version": 3, "by_type": {"sql": [0.4, -0.1], "chat": [0, 0]}}
    found = ModelEvidence.from_json(stored.model(type_offsets=offsets))
    assert found.type_offsets.by_type == {"sql": (0.4, -0.1), "chat": (0.0, 0.0)}
    assert found.to_json()["type_offsets"] == offsets


def test_three_offsets_of_a_type_are_refused() -> None:
    offsets = {"types_version": 3, "by_type": {"sql": [0.4, -0.1, 0.2]}}
    with pytest.raises(UnreadableEvidenceError, match=r"by_type\.sql: found 3 items"):
        ModelEvidence.from_json(stored.model(type_offsets=offsets))


def test_an_area_that_is_not_defined_is_none_for_both() -> None:
    found = ModelEvidence.from_json(stored.model())
    assert (found.apgr.incumbent, found.apgr.candidate, found.apgr.gain.value) == (None, None, None)
    assert found.log_loss.candidate == 0.41


def test_without_a_rate_to_hold_there_are_no_bounds() -> None:
    found = ModelEvidence.from_json(stored.model())
    assert (found.alpha, found.bounds, found.reason) == (None, (), "")
