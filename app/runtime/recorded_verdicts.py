"""Where a judge of kind ``recorded`` looks its verdicts up."""

from typing import TYPE_CHECKING

from tierwatch.config import JudgeConfig
from tierwatch.errors import JudgeError
from tierwatch.judges.recorded import Lookup
from tierwatch.judges.verdict import Preferred, Question
from tierwatch.loop.capture.redact import Redactor
from tierwatch.providers.recordings import Recordings
from tierwatch.providers.traffic_file import BadLine, read_traffic

if TYPE_CHECKING:
    from collections.abc import Mapping


def recorded_lookup(judge: JudgeConfig, redact: Redactor) -> Lookup | None:
    """What a judge of kind ``recorded`` looks verdicts up in; None for other kinds.

    Raises:
        JudgeError: a line of the file cannot be read.
        TrafficError: the file cannot be read.
    """
    if judge.verdicts is None:
        return None
    exchanges = []
    for line in read_traffic(judge.verdicts):
        if isinstance(line, BadLine):
            raise JudgeError(
                f"{judge.verdicts}:{line.number}: {line.why}; a file of verdicts has an exchange"
                " with answers on each line"
            )
        exchanges.append(line)
    records = Recordings(exchanges, redact)
    said: Mapping[str | None, Preferred] = {"A": "served", "B": "alternative", "tie": "tie"}

    def lookup(question: Question, served: str, alternative: str) -> Preferred | None:
        return said.get(records.verdict(question.messages, served, alternative))

    return lookup
