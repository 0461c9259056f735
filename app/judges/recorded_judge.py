"""The recorded judge: verdicts that were given before, looked up."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tierwatch.errors import JudgeError
from tierwatch.judges.transcript import answer_text
from tierwatch.judges.verdict import NOT_RECORDED, Answer, Preferred, Question, Verdict

Lookup = Callable[[Question, str, str], Preferred | None]
"""Question, served text, alternative text -> the recorded verdict, or None: there is none."""


@dataclass(frozen=True, slots=True)
class RecordedJudge:
    """Looks verdicts up; what was not recorded is unscored.

    ``version`` changes with the records: other verdicts are another measurement.
    """

    lookup: Lookup
    version: str

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Return the recorded verdict of these two texts."""
        preferred = self.lookup(question, answer_text(served), answer_text(alternative))
        missing = preferred is None
        return Verdict(
            preferred=preferred,
            basis="recorded",
            reason="" if missing else "Recorded verdict.",
            judge_version=self.version,
            unscored_why=f"{NOT_RECORDED}: no verdict on this pair." if missing else "",
        )


def records_version(path: str | Path) -> str:
    """``recorded/<the first 12 hexadecimal digits of the file's SHA-256>``.

    Raises:
        JudgeError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise JudgeError(f"{path}: cannot be read: {problem.strerror}") from problem
    return f"recorded/{digest[:12]}"
