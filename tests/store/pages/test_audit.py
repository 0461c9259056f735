from factories.rows import (
    add_audit_line,
)
from sqlalchemy import Connection

from tierwatch.store.pages.audit import audit_lines
from tierwatch.store.pages.lines import PAGE


def test_audit_of_one_subject(connection: Connection) -> None:
    add_audit_line(connection, "alert/1", why="a")
    add_audit_line(connection, "alert/2", why="b")

    both = audit_lines(connection)
    assert [line.detail["why"] for line in both] == ["b", "a"]
    assert audit_lines(connection, before=both[0].id) == [both[1]]
    assert audit_lines(connection, subject="alert/1") == [both[1]]


def test_an_audit_that_nobody_wrote_to_is_empty(connection: Connection) -> None:
    assert audit_lines(connection) == []
    add_audit_line(connection, "alert/1")
    assert audit_lines(connection, subject="alert/10") == []
    assert audit_lines(connection, before=0) == []


def test_a_page_of_the_audit_is_followed_by_the_next(connection: Connection) -> None:
    for number in range(PAGE + 3):
        add_audit_line(connection, f"alert/{number}")
    first = audit_lines(connection)
    second = audit_lines(connection, before=first[-1].id)
    assert (len(first), len(second)) == (PAGE, 3)
    ids = [line.id for line in [*first, *second]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == PAGE + 3


def test_a_subject_has_pages_of_its_own(connection: Connection) -> None:
    for number in range(6):
        add_audit_line(connection, f"alert/{number % 2}")
    [newest, *_] = audit_lines(connection, subject="alert/1")
    rest = audit_lines(connection, subject="alert/1", before=newest.id)
    assert len(rest) == 2
    assert {line.subject for line in rest} == {"alert/1"}
