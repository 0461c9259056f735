from typing import Any

from factories.rows import add_audit_line
from sqlalchemy import Connection

from tierwatch.dashboard.pages.audit import audit_page
from tierwatch.store.audit import add_audit
from tierwatch.store.pages.lists import PAGE


def test_lines_say_who_did_what_to_what_and_why(connection: Connection, viewer: Any) -> None:
    add_audit(
        connection, actor="token:ci", action="proposal.approved", subject="proposal/7",
        why="the alert is real", share=0.2,
    )  # fmt: skip
    page = viewer.page("/audit")
    for words in ("token:ci", "proposal.approved", "proposal/7", "the alert is real", "0.2"):
        assert words in page, words


def test_a_line_without_detail_is_a_line(connection: Connection, viewer: Any) -> None:
    add_audit_line(connection, "pair/1")
    assert viewer.page("/audit").count("pair/1") == 1


def test_pages_follow_each_other_without_gap_or_double(connection: Connection) -> None:
    for number in range(2 * PAGE + 3):
        add_audit_line(connection, f"pair/{number}")
    seen, before = [], None
    while True:
        page = audit_page(connection, before)
        seen += [line.subject for line in page.lines]
        if page.before is None:
            break
        before = page.before
    assert seen == [f"pair/{number}" for number in range(2 * PAGE + 3)][::-1]
