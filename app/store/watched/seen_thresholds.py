"""Thresholds that a watched router was seen to decide by, as it logs them with its decisions."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.policies import SeenThresholdsRow

# How the intake says them among what a call counts as.
SEEN: Final = "thresholds:"


class SeenThresholds(NamedTuple):
    """Thresholds by tier, how many calls had them, and when the first and the last came."""

    thresholds: Mapping[str, float]
    calls: int
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


def words_of(thresholds: Mapping[str, float]) -> str:
    """Thresholds in one word, the same for the same ones.

    >>> words_of({"simple": 0.85, "complex": 0.4})
    '{"complex":0.4,"simple":0.85}'
    """
    return json.dumps(dict(thresholds), sort_keys=True, separators=(",", ":"))


def add_seen(connection: Connection, seen: Mapping[tuple[str, str], int]) -> None:
    """Count calls by their source and the words of the thresholds that they were decided by."""
    given = insert(SeenThresholdsRow)
    for (source, words), calls in sorted(seen.items()):
        connection.execute(
            given.values(
                source=source, words=words, thresholds=json.loads(words), calls=calls
            ).on_conflict_do_update(
                index_elements=["source", "words"],
                set_={
                    "calls": SeenThresholdsRow.calls + given.excluded.calls,
                    "last_seen_at": func.now(),
                },
            )
        )


def seen_thresholds(connection: Connection) -> list[SeenThresholds]:
    """Every set of thresholds that was seen, the one that was seen last first."""
    row = SeenThresholdsRow
    last = func.max(row.last_seen_at)
    found = connection.execute(
        select(row.thresholds, func.sum(row.calls), func.min(row.first_seen_at), last)
        .group_by(row.words, row.thresholds)
        .order_by(last.desc(), row.words)
    )
    return [SeenThresholds(one[0], int(one[1]), one[2], one[3]) for one in found]
