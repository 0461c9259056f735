"""Scores on their way to other people's traces: queued with their verdict, taken under a lease.

The lease, the pauses and the last answer of a destination are those of alerts' destinations
(`store.outbox.deliveries`), whose names are others.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from sqlalchemy import Connection, func, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.outbox.deliveries import end_lease, take_lease
from tierwatch.store.schema.outbox import ScoreDeliveryRow

# What `destinations` has beside those of alerts.
SCORE_KINDS: Final = ("langfuse", "phoenix")
# For what waits for a place that no configuration names any more.
_STRAYS_S: Final = 604_800.0


class ScoreDocument(TypedDict):
    """What is delivered: a score, and whose it is. Nothing of what was asked or answered.

    ``span_id`` is "" where the whole trace gets the score.
    """

    id: str
    trace_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str
    judge: str


@dataclass(frozen=True, slots=True)
class WaitingScore:
    """A score that is due at a destination; ``tries`` were made before."""

    id: int
    exchange_id: uuid.UUID
    tries: int
    body: ScoreDocument


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """How a destination of scores does.

    Attributes:
        failing_since: the first of the answers in a row that were no success; None while it takes
            what it is sent.
        answer: its last one.
        waiting: scores that wait for it.
        failed: scores that it never took, of the last 30 days.
    """

    name: str
    failing_since: dt.datetime | None
    answer: str
    waiting: int
    failed: int


def queue_score(
    connection: Connection,
    exchange_id: uuid.UUID,
    body: ScoreDocument,
    destinations: Sequence[str],
) -> None:
    """Queue the score of an exchange at each destination, once, in its verdict's transaction."""
    if destinations:
        connection.execute(
            insert(ScoreDeliveryRow).on_conflict_do_nothing(),
            [
                {"exchange_id": exchange_id, "destination": name, "body": body}
                for name in destinations
            ],
        )


def take_scores(
    connection: Connection,
    destination: str,
    *,
    kind: str,
    lease: uuid.UUID,
    lease_s: float,
    limit: int = 50,
) -> list[WaitingScore]:
    """The scores that are next at a destination, which nobody else sends to meanwhile.

    None while it is another worker's or paused, and when nothing is due: then the lease ends. What
    was never tried goes first.
    """
    if not take_lease(connection, destination, kind=kind, lease=lease, lease_s=lease_s):
        end_lease(connection, destination, lease)
        return []
    found = connection.execute(
        text(
            "select id, exchange_id, tries, body from score_deliveries"
            " where destination = :destination and state = 'waiting' and next_try_at <= now()"
            " order by tries, next_try_at, id limit :limit"
        ),
        {"destination": destination, "limit": limit},
    ).all()
    if not found:
        end_lease(connection, destination, lease)
    return [WaitingScore(*row) for row in found]


def set_score_ended(connection: Connection, delivery_id: int, *, taken: bool, answer: str) -> None:
    """Write down that a score was taken, or will never be."""
    connection.execute(
        update(ScoreDeliveryRow)
        .where(ScoreDeliveryRow.id == delivery_id, ScoreDeliveryRow.state == "waiting")
        .values(
            state="delivered" if taken else "failed",
            tries=ScoreDeliveryRow.tries + 1,
            answer=answer,
            ended_at=func.now(),
        )
    )


def set_score_postponed(
    connection: Connection, delivery_id: int, *, answer: str, wait_s: float
) -> None:
    """Write down when a score is tried again."""
    connection.execute(
        update(ScoreDeliveryRow)
        .where(ScoreDeliveryRow.id == delivery_id, ScoreDeliveryRow.state == "waiting")
        .values(
            tries=ScoreDeliveryRow.tries + 1,
            answer=answer,
            next_try_at=func.now() + dt.timedelta(seconds=wait_s),
        )
    )


def give_up_scores(connection: Connection, after_s: Mapping[str, float]) -> int:
    """Fail what has waited for too long; how many.

    Args:
        connection: in a transaction.
        after_s: seconds by destination; of one that is not named here, a week.
    """
    ended = 0
    for name, seconds in after_s.items():
        ended += _give_up(connection, "destination = :name", seconds, {"name": name})
    strays = {"names": list(after_s)}
    return ended + _give_up(connection, "destination <> all(:names)", _STRAYS_S, strays)


def _give_up(
    connection: Connection, where: str, after_s: float, values: Mapping[str, object]
) -> int:
    return connection.execute(
        text(
            f"""
            update score_deliveries set state = 'failed', ended_at = now(),
                answer = 'given up after ' || tries || ' tries'
                    || case when answer = '' then '' else '; last: ' || answer end
            where id in (
                select id from score_deliveries where state = 'waiting' and {where}
                  and queued_at < now() - make_interval(secs => :after)
                order by id limit 10000 for update skip locked
            )
            """  # noqa: S608 - the condition is ours
        ),
        {"after": after_s, **values},
    ).rowcount


def score_lines(connection: Connection) -> list[ScoreLine]:
    """Every destination that has scores waiting or failed, or that takes them, by name.

    Args:
        connection: any.
    """
    found = connection.execute(
        text(
            """
            with counted as (
                select destination as name, count(*) filter (where state = 'waiting') as waiting,
                       count(*) filter (where state = 'failed') as failed
                from score_deliveries where state <> 'delivered' group by 1
            )
            select coalesce(s.name, c.name) as name, s.failing_since, coalesce(s.answer, ''),
                   coalesce(c.waiting, 0), coalesce(c.failed, 0)
            from (select * from destinations where kind = any(:kinds)) s
            full join counted c on c.name = s.name order by 1
            """
        ),
        {"kinds": list(SCORE_KINDS)},
    )
    return [ScoreLine(*row) for row in found]
