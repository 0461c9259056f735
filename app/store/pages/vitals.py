"""Whether the evaluation lives: what somebody outside has to know to call for a person."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.traffic.partitions import covered_until


@dataclass(frozen=True, slots=True)
class Vitals:
    """The state of the loop, from its rows.

    Attributes:
        last_verdict: when there was one; None before the first.
        oldest_pending: when the oldest sampled exchange that has not ended was captured; None
            where none waits.
        alerts: how many are open or acknowledged, by (kind, tier, state).
        months_until: the first day whose rows some table of figures would refuse; None where none
            is cut by month.
        certified_at: when `tierwatch simulate` was last kept; None before the first.
    """

    last_verdict: dt.datetime | None = None
    oldest_pending: dt.datetime | None = None
    alerts: Mapping[tuple[str, str, str], int] | None = None
    months_until: dt.date | None = None
    certified_at: dt.datetime | None = None


def read_vitals(connection: Connection) -> Vitals:
    """The state of this moment; each figure by an index."""
    row = connection.execute(
        text(
            "select (select max(created_at) from verdicts) as verdict,"
            " (select min(captured_at) from exchanges where ended_at is null) as pending,"
            " (select max(created_at) from certificates) as certified"
        )
    ).one()
    alerts = connection.execute(
        text(
            "select kind, tier, state, count(*) from alerts where state <> 'resolved'"
            " group by kind, tier, state"
        )
    )
    ends = [end for end in covered_until(connection).values() if end is not None]
    return Vitals(
        last_verdict=row.verdict,
        oldest_pending=row.pending,
        alerts={(kind, tier, state): int(count) for kind, tier, state, count in alerts},
        months_until=min(ends, default=None),
        certified_at=row.certified,
    )
