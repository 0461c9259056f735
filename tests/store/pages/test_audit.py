"""The audit's lines by who, what, when and to what."""

import datetime as dt

import pytest
from sqlalchemy import Connection, text

from tierwatch.store.audit import add_audit
from tierwatch.store.pages import audit
from tierwatch.store.pages.audit import AuditFilter, actors, every_line, filtered_lines


def add(connection: Connection, *lines: tuple[str, str, str]) -> None:
    for actor, action, subject in lines:
        add_audit(connection, actor=actor, action=action, subject=subject)


LINES = (
    ("ada", "alert.resolved", "alert/1"),
    ("bob", "alert.resolved", "alert/12"),
    ("ada", "alerts_x", "alerts"),
    ("ada", "user.added", "user/a_b"),
    ("ada", "user.added", "user/acb"),
)


def subjects(connection: Connection, **wanted: object) -> list[str]:
    found = filtered_lines(connection, AuditFilter(**wanted))  # type: ignore[arg-type]
    return [line.subject for line in found]


def test_each_field_narrows_and_none_is_a_pattern(connection: Connection) -> None:
    add(connection, *LINES)
    assert subjects(connection, who="bob") == ["alert/12"]
    assert subjects(connection, what="alert.") == ["alert/12", "alert/1"]
    # One alert, its kind, and never another of which it is the beginning.
    assert subjects(connection, subject="alert/1") == ["alert/1"]
    assert subjects(connection, subject="alert") == ["alert/12", "alert/1"]
    assert subjects(connection, subject="user/a_b") == ["user/a_b"]
    assert subjects(connection, what="user%") == []
    assert subjects(connection, who="ada", what="user", subject="user/acb") == ["user/acb"]


def test_moments_take_the_first_and_leave_the_last(connection: Connection) -> None:
    add(connection, *LINES)
    now = connection.execute(text("select now()")).scalar_one()
    second = dt.timedelta(seconds=1)
    assert len(subjects(connection, since=now, until=now + second)) == len(LINES)
    assert subjects(connection, until=now) == []
    assert subjects(connection, since=now + second) == []


def test_an_export_reads_on_in_pieces_and_ends(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 3)
    for number in range(7):
        add(connection, ("ada", "a.b", f"pair/{number}"))
    whole = [line.subject for line in every_line(connection, AuditFilter(what="a.b"))]
    assert whole == [f"pair/{number}" for number in range(7)][::-1]
    first = [line.subject for line in every_line(connection, AuditFilter(what="a.b"), most=4)]
    assert first == whole[:4]
    before = filtered_lines(connection, AuditFilter(), most=2)[-1].id
    assert filtered_lines(connection, AuditFilter(), before=before, most=1)[0].subject == "pair/4"


def test_who_may_be_chosen(connection: Connection) -> None:
    add(connection, *LINES)
    assert actors(connection) == ["ada", "bob"]
    assert actors(connection, most=1) == ["ada"]
