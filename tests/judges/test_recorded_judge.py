from pathlib import Path

import pytest

from tierwatch.errors import JudgeError
from tierwatch.judges.recorded_judge import RecordedJudge, records_version
from tierwatch.judges.verdict import Preferred, Question

QUESTION = Question(messages=[{"role": "user", "content": "q"}])


@pytest.mark.parametrize("preferred", ["served", "alternative", "tie"])
def test_says_what_was_recorded(preferred: Preferred) -> None:
    asked = []

    def lookup(question: Question, served: str, alternative: str) -> Preferred:
        asked.append((question, served, alternative))
        return preferred

    verdict = RecordedJudge(lookup, "recorded/x").judge(
        QUESTION, {"content": "a"}, {"content": "b"}
    )
    assert asked == [(QUESTION, "a", "b")]
    assert (verdict.preferred, verdict.basis, verdict.unscored_why) == (preferred, "recorded", "")
    assert verdict.judge_version == "recorded/x"


def test_what_was_not_recorded_is_unscored() -> None:
    judge = RecordedJudge(lambda *_: None, "recorded/x")
    verdict = judge.judge(QUESTION, {"content": "a"}, {"content": "b"})
    assert verdict.preferred is None
    assert verdict.unscored_why


def test_other_records_are_another_version(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_bytes(b"")
    # SHA-256 of nothing begins e3b0c44298fc.
    assert records_version(path) == "recorded/e3b0c44298fc"
    path.write_bytes(b"{}")
    assert records_version(path) != "recorded/e3b0c44298fc"
    with pytest.raises(JudgeError, match="cannot be read: No such file"):
        records_version(tmp_path / "none.jsonl")
