"""``evaluation.false_alarms`` and ``alert_level``: two ways to say when an alert opens."""

import math
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import check_level, false_alarm_share, level_for
from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import read_number, read_open_share

DEFAULT_LEVEL = 1e7
# What a level promises is said as the number of pairs that have this chance of a false alarm.
_SHARE_SAID = 0.01
_MOST_WRITTEN_OUT = 1e15
# Thousands stand in groups of three, so that "100,00" is a slip and not ten thousand.
_WRITTEN = re.compile(
    r"(?P<share>[\d.]+(?:e-?\d+)?\s*%?)\s*(?:per|/)\s*"
    r"(?P<pairs>\d{1,3}(?:,\d{3})+|\d{1,3}(?:_\d{3})+|\d{1,3}(?: \d{3})+|\d+(?:\.\d+)?(?:e\+?\d+)?)"
    r"(?:\s*pairs?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """False alarms that are accepted: at most this share within so many pairs.

    Attributes:
        share: of streams without change that may alarm, in (0, 1).
        pairs: within which they may, 1 or more.
    """

    share: float
    pairs: float

    @property
    def level(self) -> float:
        """The evidence at which an alert opens.

        >>> FalseAlarms(0.01, 100_000).level
        10000000.0
        """
        return level_for(self.share, self.pairs)

    def __str__(self) -> str:
        pairs = f"{self.pairs:,.0f}" if self.pairs < _MOST_WRITTEN_OUT else f"{self.pairs:g}"
        return f"{self.share * 100:.4g} % per {pairs} pair{'' if self.pairs == 1 else 's'}"


def read_false_alarms(value: object) -> FalseAlarms:
    """A share per number of pairs.

    >>> read_false_alarms("1 % per 100,000 pairs")
    FalseAlarms(share=0.01, pairs=100000.0)
    >>> read_false_alarms("0.01 per 100_000") == read_false_alarms("1%/1e5 pairs")
    True
    """
    accepted = not_accepted(
        "a share above 0 and below 1 per number of pairs, such as 1 % per 100,000 pairs or"
        " 0.01 per 100000"
    )
    if isinstance(value, FalseAlarms):
        return value
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise accepted
    try:
        share = read_open_share(match["share"])
        alarms = FalseAlarms(share, float(re.sub(r"[,_ ]", "", match["pairs"])))
        check_level(alarms.level)
    except ValueError:  # what a share, or a level, refuses
        raise accepted from None
    return alarms


def read_level(value: object) -> float:
    """A level that the monitors accept."""
    level = read_number(value)
    try:
        check_level(0.0 if level is None else level)
    except EvidenceError:
        raise not_accepted("a number above 1, up to 1e100") from None
    return float(level or 0.0)


AlertLevel = Annotated[float, PlainValidator(read_level)]
AcceptedFalseAlarms = Annotated[FalseAlarms, PlainValidator(read_false_alarms)]


def false_alarm_problems(
    document: Document, *, level_given: bool, alarms: FalseAlarms | None
) -> list[Problem]:
    """Both ways at once, of which only one could count."""
    if alarms is None or not level_given:
        return []
    at = ("evaluation", "false_alarms")
    return [document.problem(at, "alert_level as well", "one of the two")]


def alert_words(level: float, alarms: FalseAlarms | None) -> str:
    """When an alert opens, and what that promises, as a person reads it.

    Args:
        level: evidence at which it opens.
        alarms: what the level follows from, where the file says it so.

    >>> alert_words(1e7, None)
    'level 1e+07: where nothing changes, the chance of an alert is at most 1 % per 100,000 pairs'
    >>> alert_words(40.0, None)
    'level 40: where nothing changes, the chance of an alert is at most 2.5 % per 1 pair'
    """
    if alarms is None:
        pairs = max(1, math.floor(level * _SHARE_SAID))
        alarms = FalseAlarms(false_alarm_share(level, pairs), pairs)
    return f"level {level:g}: where nothing changes, the chance of an alert is at most {alarms}"
