"""Streams: which monitors an outcome counts in, and what each of them has seen.

A stream's name is ``tier|task type|policy|model|judge``. A request without a type feeds one stream;
one with a type feeds that of the type and the pooled one of its tier, whose type is ``*``.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.sampling.outcome import conversation_outcome
from tierwatch.store.evidence.outcomes import Outcome, stream_outcomes, streams_pooled_in

NO_TYPE: Final = "all"
EVERY_TYPE: Final = "*"


def pooled_stream(stream: str, task_type: str) -> str:
    """The stream of all task types that a segment's stream belongs to; itself without types.

    >>> pooled_stream("simple|sql|p3|small-1|judge", "sql")
    'simple|*|p3|small-1|judge'
    >>> pooled_stream("simple|all|p3|small-1|judge", "all")
    'simple|all|p3|small-1|judge'
    """
    if task_type == NO_TYPE:
        return stream
    tier, _, rest = stream.split("|", 2)
    return f"{tier}|{EVERY_TYPE}|{rest}"


def conversations_of(batch: Sequence[Outcome]) -> dict[tuple[str, str, str], list[Outcome]]:
    """Outcomes by conversation, direction and pooled stream: each group is one observation."""
    found: dict[tuple[str, str, str], list[Outcome]] = {}
    for row in batch:
        key = (row.session, row.direction, pooled_stream(row.stream, row.task_type))
        found.setdefault(key, []).append(row)
    return found


def fed_streams(rows: Sequence[Outcome], pooled: str) -> Iterable[tuple[str, list[Outcome]]]:
    """Each stream that a conversation feeds, with the pairs it feeds it."""
    by_stream: dict[str, list[Outcome]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(row)
    if pooled not in by_stream:
        by_stream[pooled] = list(rows)
    return by_stream.items()


def weights_fit(rows: Sequence[Outcome], max_weight: float) -> bool:
    """Whether a monitor that declared a cap on weights may take an observation in."""
    return fits([row.weight for row in rows], max_weight)


def loss_and_weight(rows: Sequence[Outcome]) -> tuple[float, float]:
    """An observation as a monitor takes it: the conversation's loss and weight."""
    return conversation_outcome([row.loss for row in rows], [row.weight for row in rows])


def seen_observations(
    connection: Connection, stream: str, monitor: MisrouteMonitor, *, pooled: bool
) -> list[list[Outcome]]:
    """What a stream's monitor has seen, in its order.

    They are the last n: a monitor that was restarted counts from there. What was left out for its
    weight is left out here.
    """
    streams = streams_pooled_in(connection, stream) if pooled else [stream]
    seen = stream_outcomes(connection, streams)
    grouped = [list(rows) for _, rows in groupby(seen, key=lambda row: row.observation)]
    fitting = [rows for rows in grouped if weights_fit(rows, monitor.max_weight)]
    return fitting[len(fitting) - monitor.n :]
