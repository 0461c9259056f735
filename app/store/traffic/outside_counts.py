"""Requests that cannot be evidence, counted by the minute, by tier and by reason.

Beside them stand the exchanges that were drawn and can be evidence, under no reason: what is known
of drawn ones alone is a share of those.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.reading.one_row import Part, json_rows, read_part, values_of
from tierwatch.store.schema.traffic import OutsideCountRow

_KEY = ("minute", "tier", "reason")


class OutsideCount(NamedTuple):
    """Requests to add to those of a minute, tier and reason; ``drawn`` of them by the draw."""

    minute: dt.datetime
    tier: str
    reason: str
    requests: float
    drawn: int


class OutsideFigures(TypedDict):
    """How much of the traffic cannot be evidence, under the report's names.

    Attributes:
        requests: how many; a part is estimated.
        share: of all requests; None of none.
        reasons: requests by reason, most first.
        estimated: reasons that are known of drawn exchanges alone.
    """

    requests: float
    share: float | None
    reasons: dict[str, float]
    estimated: list[str]


@dataclass(frozen=True, slots=True)
class Outside:
    """How much of the traffic cannot be evidence.

    Attributes:
        requests: all that were served.
        outside: those that cannot be evidence.
        reasons: the same by reason, most first.
        estimated: reasons that are known of drawn exchanges alone.
    """

    requests: int
    outside: float
    reasons: dict[str, float]
    estimated: frozenset[str]

    @property
    def share(self) -> float | None:
        """Of all requests; None of none."""
        return self.outside / self.requests if self.requests else None

    @property
    def figures(self) -> OutsideFigures:
        """The same under the report's names."""
        return {
            "requests": self.outside,
            "share": self.share,
            "reasons": self.reasons,
            "estimated": sorted(self.estimated),
        }


# Of a time when nothing was counted by reason.
UNCOUNTED = "not_counted"


def add_outside_counts(connection: Connection, rows: Sequence[OutsideCount]) -> None:
    """Add counts, whatever flush they belong to."""
    if not rows:
        return
    given = insert(OutsideCountRow)
    connection.execute(
        given.on_conflict_do_update(
            index_elements=list(_KEY),
            set_={
                "requests": OutsideCountRow.requests + given.excluded.requests,
                "drawn": OutsideCountRow.drawn + given.excluded.drawn,
            },
        ),
        # Everybody locks in the same order, so nobody waits for each other.
        [row._asdict() for row in sorted(rows)],
    )


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Requests that are no evidence for one reason.

    Attributes:
        reason: why; empty for drawn exchanges that are.
        requests: how many.
        drawn: whether they are known of drawn exchanges alone.
    """

    reason: str
    requests: float
    drawn: bool


COUNTED: Final = Part(
    (
        json_rows(
            "select reason, sum(requests) as requests, sum(drawn) > 0 as drawn"
            " from outside_counts group by reason order by reason"
        ),
    ),
    values_of(ReasonCount),
)


def outside(connection: Connection) -> Outside:
    """How much of all traffic cannot be evidence, by reason."""
    requests, eligible = connection.execute(
        text(
            "select coalesce(sum(requests), 0)::bigint, coalesce(sum(eligible), 0)::bigint"
            " from rollups"
        )
    ).one()
    return outside_of(read_part(connection, COUNTED), requests, eligible)


def outside_of(counted: Sequence[ReasonCount], requests: int, eligible: int) -> Outside:
    """The same, of so many requests of which so many could have been sampled.

    What every exchange is asked is counted. What only drawn ones are asked is estimated: the share
    that it is of the drawn, each standing for 1 / its chance, of all that might have been drawn
    (Hajek's ratio: below 1, and unbiased but for 1 / their number).

    Args:
        counted: `COUNTED`.
        requests: all that were served.
        eligible: of these, could have been sampled.
    """
    drawn = {row.reason: row.requests for row in counted if row.drawn}
    reasons = {row.reason: row.requests for row in counted if not row.drawn}
    if earlier := max(0.0, requests - eligible - sum(reasons.values())):
        reasons[UNCOUNTED] = earlier
    stand_for = sum(drawn.values())
    reasons |= {reason: eligible * weight / stand_for for reason, weight in drawn.items() if reason}
    most_first = dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))
    return Outside(requests, sum(reasons.values()), most_first, frozenset(drawn) - {""})
