"""How far a new system has come, in one statement: each is there, or not yet."""

from dataclasses import dataclass
from typing import Final

from tierwatch.store.reading.one_row import Part


@dataclass(frozen=True, slots=True)
class Reached:
    """What has happened at least once.

    Attributes:
        served: a request was counted.
        sampled: one was kept for an evaluation.
        judged: a pair was compared.
        anchored: a judge was asked all anchors.
    """

    served: bool
    sampled: bool
    judged: bool
    anchored: bool


REACHED: Final = Part(
    (
        "exists (select 1 from rollups where requests > 0)",
        "exists (select 1 from exchanges)",
        "exists (select 1 from verdicts)",
        "exists (select 1 from evalset_runs where kind = 'anchors' and ended_at is not null)",
    ),
    Reached,
)
