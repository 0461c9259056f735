"""The recorded judge: verdicts that were given before, looked up."""

from collections.abc import Callable
from dataclasses import dataclass

from app.judges.transcript import answer_text
from app.judges.verdict import Answer, Preferred, Question, Verdict

Lookup = Callable[[Question, str, str], Preferred | None]
"""Question, served text, alternative text -> the recorded verdict, or None: there is none."""


@dataclass(frozen=True, slots=True)
class RecordedJudge:
    """Looks verdicts up; what was not recorded is unscored."""

    lookup: Lookup
    version: str = "recorded/1"

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Return the recorded verdict of these two texts."""
        preferred = self.lookup(question, answer_text(served), answer_text(alternative))
        missing = preferred is None
        return Verdict(
            preferred=preferred,
            basis="recorded",
            reason="" if missing else "Recorded verdict.",
            judge_version=self.version,
            unscored_why="No verdict is recorded for this pair." if missing else "",
        )
