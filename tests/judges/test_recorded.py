import pytest

from app.judges.recorded import RecordedJudge
from app.judges.verdict import Preferred, Question

QUESTION = Question(messages=[{"role": "user", "content": "q"}])


@pytest.mark.parametrize("preferred", ["served", "alternative", "tie"])
def test_says_what_was_recorded(preferred: Preferred) -> None:
    asked = []

    def lookup(question: Question, served: str, alternative: str) -> Preferred:
        asked.append((question, served, alternative))
        return preferred

    verdict = RecordedJudge(lookup).judge(QUESTION, {"content": "a"}, {"content": "b"})
    assert asked == [(QUESTION, "a", "b")]
    assert (verdict.preferred, verdict.basis, verdict.unscored_why) == (preferred, "recorded", "")
    assert verdict.judge_version == "recorded/1"


def test_what_was_not_recorded_is_unscored() -> None:
    judge = RecordedJudge(lambda *_: None)
    verdict = judge.judge(QUESTION, {"content": "a"}, {"content": "b"})
    assert verdict.preferred is None
    assert verdict.unscored_why
