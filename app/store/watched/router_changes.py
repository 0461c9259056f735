"""What approved proposals change in a watched router's own settings: at most one waits."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, RowMapping, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.routing.foreign.change import Change
from tierwatch.store.schema.policies import RouterChangeRow
from tierwatch.store.schema.values import select_fields

State = Literal["waiting", "applied", "undo", "undone", "ended"]
WAITS: Final = ("waiting", "undo")


@dataclass(frozen=True, slots=True)
class RouterChange:
    """A change of a watched router's settings.

    Attributes:
        proposal_id: that was approved.
        state: it ``waiting`` to be applied, ``applied``, to be taken back (``undo``), ``undone``,
            or ``ended`` since its router runs with something else.
        router: its name there.
        file: the name of its file.
        before: thresholds by tier, as they were.
        after: as they are to be.
        diff: of its file.
        undo: the way back.
        webhook: whether a program is asked to apply it.
        tries: how often the webhook was asked.
        try_at: when it is asked next; None where it is not.
        answer: its last one.
    """

    proposal_id: int
    state: State
    router: str
    file: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    diff: str
    undo: str
    webhook: bool
    tries: int
    try_at: dt.datetime | None
    answer: str
    created_at: dt.datetime
    applied_at: dt.datetime | None
    applied_by: str | None
    undone_at: dt.datetime | None
    undone_by: str | None

    @property
    def waits(self) -> bool:
        """Whether somebody has to do something."""
        return self.state in WAITS


_CHANGES: Final = select_fields(RouterChange, RouterChangeRow)


def add_change(
    connection: Connection, proposal_id: int, change: Change, *, router: str, webhook: bool
) -> None:
    """Write down what an approved proposal changes; with a webhook it is asked at once."""
    connection.execute(
        insert(RouterChangeRow).values(
            proposal_id=proposal_id,
            state="waiting",
            router=router,
            file=change.file,
            before=dict(change.before),
            after=dict(change.after),
            diff=change.diff,
            undo=change.undo,
            webhook=webhook,
            try_at=func.now() if webhook else None,
        )
    )


def change_of(
    connection: Connection, proposal_id: int, *, lock: bool = False
) -> RouterChange | None:
    """The change of a proposal, or None."""
    query = _CHANGES.where(RouterChangeRow.proposal_id == proposal_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _change(row)


def waiting_change(connection: Connection, *, lock: bool = False) -> RouterChange | None:
    """The change that somebody has to apply or to undo, or None."""
    query = _CHANGES.where(RouterChangeRow.state.in_(WAITS))
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _change(row)


def due_change(connection: Connection) -> RouterChange | None:
    """The change that a webhook is to be asked for now, locked unless another worker has it."""
    query = _CHANGES.where(RouterChangeRow.state.in_(WAITS), RouterChangeRow.try_at <= func.now())
    row = connection.execute(query.with_for_update(skip_locked=True)).mappings().one_or_none()
    return None if row is None else _change(row)


def unapplied(connection: Connection) -> set[int]:
    """Proposals whose router does not run with what they change."""
    found = connection.execute(
        select(RouterChangeRow.proposal_id).where(RouterChangeRow.state != "applied")
    )
    return set(found.scalars())


def put_applied(connection: Connection, proposal_id: int, *, by: str) -> None:
    """Write down that its router runs with it."""
    _set(
        connection, proposal_id, state="applied", applied_at=func.now(), applied_by=by, try_at=None
    )


def put_undo(connection: Connection, proposal_id: int) -> None:
    """Write down that it is to be taken back; its webhook is asked at once."""
    at = case((RouterChangeRow.webhook, func.now()))
    _set(connection, proposal_id, state="undo", tries=0, answer="", try_at=at)


def hold_change(connection: Connection, proposal_id: int, *, for_s: float) -> None:
    """Keep other workers from asking for as long as one does."""
    until = func.now() + dt.timedelta(seconds=for_s)
    _set(connection, proposal_id, try_at=until)


def put_undone(connection: Connection, proposal_id: int, *, by: str) -> None:
    """Write down that its router runs with what was before it."""
    _set(connection, proposal_id, state="undone", undone_at=func.now(), undone_by=by, try_at=None)


def put_over(connection: Connection, proposal_id: int) -> None:
    """Write down that it stands for nothing any more: its router runs with something else."""
    _set(connection, proposal_id, state="ended", try_at=None)


def put_try(
    connection: Connection, proposal_id: int, answer: str, *, again_in_s: float | None
) -> None:
    """Write down what the webhook answered; None asks it no more."""
    again = None if again_in_s is None else func.now() + dt.timedelta(seconds=again_in_s)
    _set(
        connection,
        proposal_id,
        tries=RouterChangeRow.tries + 1,
        answer=answer[:200],
        try_at=again,
    )


def _change(row: RowMapping) -> RouterChange:
    return RouterChange(**row)


def _set(connection: Connection, proposal_id: int, **columns: object) -> None:
    connection.execute(
        update(RouterChangeRow).where(RouterChangeRow.proposal_id == proposal_id).values(**columns)
    )
