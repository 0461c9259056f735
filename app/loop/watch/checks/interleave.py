"""Interleave: an evalset asked a few items an hour, so that a change is seen within hours.

Asked all at once, once a day, what changes after the run is seen up to a day later. Spread over the
same day, the same questions at the same cost are a clock that runs beside the traffic it guards
(Li, "Who Drifted: the System or the Judge?", arXiv 2606.15474, 2026: anchors must out-run what they
guard). What they are compared with is still a first run over the whole set, asked at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from tierwatch.evalsets import Evalset
from tierwatch.routing.policy import hashed_share
from tierwatch.store.judgements.evalset_runs import claim_run, end_run, give_back_run, run_age_s

# A slice is some items; whoever asks it is done within this.
HOLD_S = 300.0
_BY_THE_HOUR = ", by the hour"


class Named(Protocol):
    """An item of an evalset."""

    @property
    def id(self) -> str:
        """Unique in the set."""


Item = TypeVar("Item", bound=Named)


class Answers(Protocol):
    """Reads the answers of a run, by item."""

    def __call__(self, connection: Connection, run_id: int) -> Mapping[str, object]:
        """By item."""


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """What is due of an interleaved run.

    Attributes:
        run_id: of the run.
        items: to ask now.
        done: how many were answered before.
        over: whether the run's time is over.
    """

    run_id: int
    items: tuple[Item, ...]
    done: int
    over: bool


def hourly(of: Mapping[str, str]) -> dict[str, str]:
    """Whose interleaved runs: of a set of their own, so that no alert takes them for whole ones.

    >>> hourly({"kind": "anchors", "set_version": "anchors/1f"})
    {'kind': 'anchors', 'set_version': 'anchors/1f, by the hour'}
    """
    return {**of, "set_version": of["set_version"] + _BY_THE_HOUR}


def due_items(
    items: Sequence[Item], done: Collection[str], *, run_id: int, age_s: float, every_s: float
) -> tuple[Item, ...]:
    """What is to be asked of a run of this age: its part of the set, without what was answered.

    The order is drawn for each run, so that every hour has items of all kinds.

    Args:
        items: of the set.
        done: ids of those answered in this run.
        run_id: of the run.
        age_s: seconds since it began.
        every_s: seconds that a whole set takes.

    >>> from tierwatch.evalsets import anchors
    >>> asked = due_items(anchors().items, (), run_id=1, age_s=3_600, every_s=86_400)
    >>> len(asked), len({anchor.kind for anchor in asked}) > 3
    (17, True)
    """
    due = min(len(items), int(len(items) * age_s / every_s + 1e-9))
    order = sorted(items, key=lambda item: hashed_share(f"run {run_id}", item.id))
    return tuple(item for item in order[:due] if item.id not in done)


def claim_slice(
    connection: Connection,
    of: Mapping[str, str],
    evalset: Evalset[Item],
    *,
    every_s: float,
    answers: Answers,
) -> Slice[Item] | None:
    """Take what is due of the interleaved run of now; None while nothing is or another has it.

    Args:
        connection: in a transaction.
        of: kind, subject, model and set_version of the whole set.
        evalset: the set.
        every_s: seconds that a whole set takes.
        answers: reads what a run has.
    """
    run_id = claim_run(
        connection,
        kind=of["kind"],
        subject=of["subject"],
        model=of["model"],
        set_version=hourly(of)["set_version"],
        why="schedule",
        every_s=every_s,
        fresh_after=None,
        hold_s=HOLD_S,
    )
    if run_id is None:
        return None
    done, age_s = answers(connection, run_id), run_age_s(connection, run_id)
    due = due_items(evalset.items, done, run_id=run_id, age_s=age_s, every_s=every_s)
    over = age_s >= every_s
    if not due and not over:
        give_back_run(connection, run_id)
        return None
    return Slice(run_id, due, len(done), over)


def put_back(connection: Connection, asked: Slice[Item], *, answered: int, enough: float) -> None:
    """End a run whose time is over and that has enough answers; leave it to the next tick else."""
    whole = asked.done + len(asked.items)
    if asked.over and asked.done + answered >= enough * whole:
        end_run(connection, asked.run_id)
    else:
        give_back_run(connection, asked.run_id)
