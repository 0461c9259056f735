"""Which pairs a list shows, and in which order."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final, Literal

Stage = Literal["waiting", "shadowed", "judged", "unscored", "failed"]

STAGES: tuple[Stage, ...] = ("waiting", "shadowed", "judged", "unscored", "failed")

# Twins, whose direction is ``top``, are listed where they are asked for: what is counted anywhere
# are the exchanges that they repeat.
DIRECTIONS = ("up", "down", "top")

PREFERENCES = ("served", "alternative", "tie", "inconclusive")

# Newest first is the order of ids; cost and latency are the largest first.
SORTS: Final = ("newest", "oldest", "cost", "latency")


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Which pairs to list; None leaves a column open, but for twins (`DIRECTIONS`).

    Attributes:
        text: words that the question or an answer has, all of them in one of the two.
        id: of one pair, twins included.
        orders_agree: whether the judge said the same in both orders of the answers.
        cost_from: dollars that the served answer cost, at least.
        latency_from: milliseconds that it took, at least.
        prompt_version: with which the question was asked, whole.
        client: name of the key that was shown, or of the source that reported it, whole.
    """

    tier: str | None = None
    direction: str | None = None
    preferred: str | None = None
    stage: str | None = None
    for_review: bool = False
    task_type: str | None = None
    text: str | None = None
    id: uuid.UUID | None = None
    request_no: int | None = None
    session: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    orders_agree: bool | None = None
    model: str | None = None
    policy_version: int | None = None
    cost_from: float | None = None
    latency_from: float | None = None
    prompt_version: str | None = None
    client: str | None = None
