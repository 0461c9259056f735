import json

import factories.evidence as stored
import pytest

from tierwatch.evaluation.evidence.alert_evidence import read_alert_evidence
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.past_evidence import BoundaryShift, PastEvidence, Reading


def test_what_was_stored_is_read_and_written_again() -> None:
    found = read_alert_evidence("past", json.loads(json.dumps(stored.past())))
    assert isinstance(found, PastEvidence)
    assert found.readings == (Reading("tier_worse", "simple", "+0", 0.9),)
    assert found.shifts == (BoundaryShift("simple", "standard", 80, 0.1, 0.3),)
    assert found.to_json() == stored.past() | {"version": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"readings": [{"change": "tier_tired", "tier": "simple", "signs": "+", "share": 1.0}]},
        {"shifts": [{"lower": "simple"}]},
        {"since": "lately"},
        {"version": 2},
    ],
)
def test_what_cannot_be_read_says_why(changes: dict[str, object]) -> None:
    found = read_alert_evidence("past", stored.past(**changes))
    assert isinstance(found, Unreadable)
    assert "alert against the past" in found.reason
