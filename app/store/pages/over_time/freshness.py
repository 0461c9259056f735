"""How old the newest of everything is that pages are made of."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from tierwatch.store.reading.one_row import Part


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


# Each by an index or from a table of a few rows.
FRESHNESS: Final = Part(
    (
        "(select max(minute) from rollups)",
        "(select max(created_at) from verdicts)",
        "(select max(updated_at) from monitors)",
        "(select changed_at from active_policy)",
    ),
    Freshness,
)
