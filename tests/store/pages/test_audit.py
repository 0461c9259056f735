from factories.rows import (
    add_audit_line,
)
from sqlalchemy import Connection

from tierwatch.store.pages.audit import audit_lines


def test_audit_of_one_subject(connection: Connection) -> None:
    add_audit_line(connection, "alert/1", why="a")
    add_audit_line(connection, "alert/2", why="b")

    both = audit_lines(connection)
    assert [line.detail["why"] for line in both] == ["b", "a"]
    assert audit_lines(connection, before=both[0].id) == [both[1]]
    assert audit_lines(connection, subject="alert/1") == [both[1]]
