"""Changes of a watched router: one waits at a time, and its webhook is asked when it is due."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tierwatch.routing.foreign.change import Change
from tierwatch.store.watched.router_changes import (
    add_change,
    change_of,
    due_change,
    hold_change,
    put_applied,
    put_over,
    put_try,
    put_undo,
    put_undone,
    unapplied,
    waiting_change,
)

CHANGE = Change("c.yaml", {"simple": 0.85}, {"simple": 0.9}, "diff", "undo")


def add(connection: Connection, proposal_id: int = 1, *, webhook: bool = False) -> None:
    add_change(connection, proposal_id, CHANGE, router="smart", webhook=webhook)


def test_it_waits_until_it_is_applied(connection: Connection) -> None:
    add(connection)
    found = waiting_change(connection, lock=True)
    assert found is not None
    assert (found.state, found.after, found.waits) == ("waiting", {"simple": 0.9}, True)
    assert unapplied(connection) == {1}
    put_applied(connection, 1, by="ada")
    assert waiting_change(connection) is None
    assert unapplied(connection) == set()
    applied = change_of(connection, 1)
    assert applied is not None
    assert (applied.state, applied.applied_by, applied.waits) == ("applied", "ada", False)


def test_another_cannot_wait_beside_it(connection: Connection) -> None:
    add(connection)
    with pytest.raises(IntegrityError), connection.begin_nested():
        add(connection, 2)
    put_over(connection, 1)
    add(connection, 2)
    assert waiting_change(connection) == change_of(connection, 2)


def test_a_webhook_is_asked_when_it_is_due(connection: Connection) -> None:
    add(connection, webhook=True)
    assert due_change(connection) is not None
    hold_change(connection, 1, for_s=60)
    assert due_change(connection) is None
    put_try(connection, 1, "HTTP 500" * 100, again_in_s=-1)
    due = due_change(connection)
    assert due is not None
    assert (due.tries, len(due.answer)) == (1, 200)
    put_try(connection, 1, "HTTP 400", again_in_s=None)
    assert due_change(connection) is None


def test_its_webhook_is_asked_again_to_undo_it(connection: Connection) -> None:
    add(connection, webhook=True)
    put_try(connection, 1, "HTTP 200", again_in_s=None)
    put_applied(connection, 1, by="webhook")
    put_undo(connection, 1)
    due = due_change(connection)
    assert due is not None
    assert (due.state, due.tries, due.answer) == ("undo", 0, "")
    put_undone(connection, 1, by="ada")
    assert due_change(connection) is None


def test_a_person_is_not_asked(connection: Connection) -> None:
    add(connection)
    assert due_change(connection) is None
    put_applied(connection, 1, by="ada")
    put_undo(connection, 1)
    assert due_change(connection) is None
    assert change_of(connection, 2) is None
