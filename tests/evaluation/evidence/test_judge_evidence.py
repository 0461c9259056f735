"""Evidence about the judge is read as it was written, and a broken one says so."""

import pytest
from factories import evidence as stored

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.alert_evidence import ALERT_KINDS
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence


def test_trust_is_read_as_it_was_written() -> None:
    found = JudgeTrustEvidence.from_json(stored.not_trusted())
    assert (found.right, found.anchors, found.least) == (102, 408, 0.5)
    assert JudgeTrustEvidence.from_json(found.to_json()) == found
    assert ALERT_KINDS["not_trusted"] is JudgeTrustEvidence


def test_orders_are_read_as_they_were_written() -> None:
    found = JudgeOrdersEvidence.from_json(stored.judge_orders())
    assert (found.inconclusive, found.verdicts, found.tolerance) == (90, 150, 0.4)
    assert JudgeOrdersEvidence.from_json(found.to_json()) == found
    assert ALERT_KINDS["judge_orders"] is JudgeOrdersEvidence


@pytest.mark.parametrize("changes", [{"right": "many"}, {"anchors": None}, {"version": 2}])
def test_what_is_broken_or_newer_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UnreadableEvidenceError):
        JudgeTrustEvidence.from_json(stored.not_trusted(**changes))
