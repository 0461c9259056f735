"""How old the newest of everything is that pages are made of."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Freshness:
    """When each was last written; None before the first.

    Attributes:
        traffic: the newest minute that was counted.
        verdict: the judge's newest.
        monitors: when a monitor last took pairs in.
        policy: when the active policy last changed: what gateways poll for.
    """

    traffic: dt.datetime | None
    verdict: dt.datetime | None
    monitors: dt.datetime | None
    policy: dt.datetime | None

    @property
    def lines(self) -> tuple[tuple[str, dt.datetime | None], ...]:
        """Each in words, with its moment."""
        return (
            ("Newest traffic counted", self.traffic),
            ("Newest verdict", self.verdict),
            ("Monitors last moved", self.monitors),
            ("Policy last changed", self.policy),
        )


def freshness(connection: Connection) -> Freshness:
    """How old everything is, each by an index or from a table of a few rows."""
    row = connection.execute(
        text(
            "select (select max(minute) from rollups) as traffic,"
            " (select max(created_at) from verdicts) as verdict,"
            " (select max(updated_at) from monitors) as monitors,"
            " (select changed_at from active_policy) as policy"
        )
    ).one()
    return Freshness(row.traffic, row.verdict, row.monitors, row.policy)
