"""Evidence of another model for a tier is read back as it was written."""

from typing import Any

import pytest
from factories import evidence as stored

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.proposal_evidence import read_proposal_evidence
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence, TypeCounts


def test_it_is_read_back() -> None:
    found = read_proposal_evidence("replacement", stored.replacement())
    assert isinstance(found, ReplacementEvidence)
    assert found.by_type["code"] == TypeCounts(15, 5, 80)
    assert found.price["cached_input_usd_per_mtok"] is None
    assert ReplacementEvidence.from_json(found.to_json()) == found


def test_a_tier_without_known_traffic_has_no_day() -> None:
    assert ReplacementEvidence.from_json(stored.replacement(day=None)).day is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"pairs": 1.5},
        {"by_type": {"code": {"worse": 1}}},
        {"price": {"input_usd_per_mtok": "cheap"}},
        {"model": {"model": None}},
        {"version": 2},
    ],
)
def test_what_is_broken_or_newer_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEvidenceError):
        ReplacementEvidence.from_json(stored.replacement(**wrong))
    assert isinstance(
        read_proposal_evidence("replacement", stored.replacement(**wrong)), Unreadable
    )
