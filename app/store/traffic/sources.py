"""Traffic that other routers served: each call counted once, and what became of it by source."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.reading.one_row import Part, json_rows, read_part
from tierwatch.store.schema.traffic import SourceCountRow

# What became of what a source sent. Beside these stand the kinds that were passed over.
CALLS: Final = "calls"  # counted once, whatever became of them
SAMPLED: Final = "sampled"  # of these, drawn and kept for an evaluation
OUTSIDE: Final = "outside:"  # of these, cannot be evidence; the reason follows
REPEAT: Final = "repeat"  # a call that was counted before
SHED: Final = "shed"  # batches that were refused and may be sent again
UNREAD: Final = "unread"  # batches of which nothing could be read
# Rounds of a pull that ended before their time: for its key, or for anything else.
PULL_REFUSED: Final = "pull_refused"
PULL_FAILED: Final = "pull_failed"


class SourceCount(NamedTuple):
    """A number to add to that of a day, source and kind."""

    day: dt.date
    source: str
    what: str
    calls: int


@dataclass(frozen=True, slots=True)
class SourceFunnel:
    """What one source sent, and what became of it.

    Attributes:
        source: its name.
        calls: counted once each.
        sampled: of these, kept for an evaluation.
        outside: of these, those that cannot be evidence, by reason, most first.
        passed_over: what was sent and is no call, or was counted before, by kind, most first.
        last_day: on which something was sent.
    """

    source: str
    calls: int
    sampled: int
    outside: Mapping[str, int]
    passed_over: Mapping[str, int]
    last_day: dt.date

    @property
    def received(self) -> int:
        """How often a call came, each repeat with it."""
        return self.calls + self.passed_over.get(REPEAT, 0)

    @property
    def shed(self) -> int:
        """Batches that were refused and may have come again."""
        return self.passed_over.get(SHED, 0)

    @property
    def outside_share(self) -> float | None:
        """Share of the calls that cannot be evidence; None of none."""
        return sum(self.outside.values()) / self.calls if self.calls else None


# An array: a row for each call would be another statement for each number of calls.
_CLAIM: Final = text(
    "insert into seen_calls (call) select unnest(cast(:calls as uuid[]))"
    " on conflict do nothing returning call"
)


def claim_calls(connection: Connection, calls: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Note calls as counted; gives those that were not before.

    Another transaction that notes the same waits for this one's end.
    """
    if not calls:
        return set()
    # Everybody locks in the same order, so nobody waits for each other.
    claimed = connection.execute(_CLAIM, {"calls": sorted(set(calls))})
    return set(claimed.scalars())


def add_source_counts(connection: Connection, rows: Sequence[SourceCount]) -> None:
    """Add counts; those of one key are one row."""
    if not rows:
        return
    merged: dict[tuple[dt.date, str, str], int] = {}
    for day, source, what, calls in rows:
        merged[day, source, what] = merged.get((day, source, what), 0) + calls
    given = insert(SourceCountRow)
    connection.execute(
        given.on_conflict_do_update(
            index_elements=["day", "source", "what"],
            set_={"calls": SourceCountRow.calls + given.excluded.calls},
        ),
        [SourceCount(*key, calls)._asdict() for key, calls in sorted(merged.items())],
    )


_COUNTED: Final = """
    select source, what, sum(calls)::bigint as calls, max(day) as day from source_counts
    where day between :first_day and :last_day group by 1, 2 order by 1, 3 desc, 2
"""


def source_funnels(
    connection: Connection, *, since: dt.date, until: dt.date = dt.date.max
) -> list[SourceFunnel]:
    """What each source sent between two days, both of them included, in the order of the names."""
    return read_part(connection, FUNNELS, first_day=since, last_day=until)


class _Counted(TypedDict):
    source: str
    what: str
    calls: int
    day: str


def _funnels(rows: list[_Counted]) -> list[SourceFunnel]:
    found: dict[str, dict[str, int]] = {}
    last: dict[str, dt.date] = {}
    for row in rows:
        source, day = row["source"], dt.date.fromisoformat(row["day"])
        found.setdefault(source, {})[row["what"]] = row["calls"]
        last[source] = max(last.get(source, day), day)
    return [_funnel(source, counts, last[source]) for source, counts in found.items()]


# Between ``first_day`` and ``last_day``, as `source_funnels`.
FUNNELS: Final = Part((json_rows(_COUNTED),), _funnels)


def _funnel(source: str, counts: Mapping[str, int], last_day: dt.date) -> SourceFunnel:
    return SourceFunnel(
        source=source,
        calls=counts.get(CALLS, 0),
        sampled=counts.get(SAMPLED, 0),
        outside={
            what.removeprefix(OUTSIDE): calls
            for what, calls in counts.items()
            if what.startswith(OUTSIDE)
        },
        passed_over={
            what: calls
            for what, calls in counts.items()
            if what not in {CALLS, SAMPLED} and not what.startswith(OUTSIDE)
        },
        last_day=last_day,
    )
