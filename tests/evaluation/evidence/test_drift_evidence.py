import pytest
from factories import evidence as stored

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.drift_evidence import (
    CaptureEvidence,
    InputDriftEvidence,
    JudgeDriftEvidence,
    ModelDriftEvidence,
)


def test_bins_of_confidence_are_whole_requests() -> None:
    found = InputDriftEvidence.from_json(stored.input_drift(bins_before=[3, 4.0]))
    assert found.bins_before == (3, 4)
    with pytest.raises(UnreadableEvidenceError, match=r"bins_before\[1\]: found 4.5"):
        InputDriftEvidence.from_json(stored.input_drift(bins_before=[3, 4.5]))


def test_a_judge_drifts_one_of_two_ways() -> None:
    for direction in ("to_worse", "to_not_worse"):
        found = JudgeDriftEvidence.from_json(stored.judge_drift(direction=direction))
        assert found.direction == direction
    with pytest.raises(UnreadableEvidenceError, match="direction: found 'sideways'"):
        JudgeDriftEvidence.from_json(stored.judge_drift(direction="sideways"))


def test_judge_and_model_alerts_do_not_read_each_other() -> None:
    with pytest.raises(UnreadableEvidenceError, match="model: missing"):
        ModelDriftEvidence.from_json(stored.judge_drift())
    with pytest.raises(UnreadableEvidenceError, match="direction: missing"):
        JudgeDriftEvidence.from_json(stored.model_drift())


def test_a_capture_alert_expects_a_sum_of_probabilities() -> None:
    found = CaptureEvidence.from_json(stored.capture())
    assert (found.expected, found.captured) == (5_000.5, 3_900)
