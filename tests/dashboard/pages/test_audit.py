import json
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


def test_the_filter_narrows_and_stays_in_the_form(connection: Connection, viewer: Any) -> None:
    add_audit(connection, actor="ada", action="proposal.approved", subject="proposal/7", why="yes")
    add_audit(connection, actor="bob", action="proposal.rejected", subject="proposal/70", why="no")
    for query, found, left in (
        ("who=ada", "proposal/7<", "proposal/70"),
        ("what=proposal.rej", "proposal/70", "proposal/7<"),
        ("subject=proposal/7", "proposal/7<", "proposal/70"),
        ("subject=proposal&who=bob", "proposal/70", "proposal/7<"),
    ):
        page = viewer.page(f"/audit?{query}")
        assert found in page, query
        assert left not in page, query
    assert 'value="bob"' in viewer.page("/audit?who=bob")
    assert "No line matches." in viewer.page("/audit?who=nobody")
    assert "No line matches." in viewer.page("/audit?what=proposal%25")


def test_a_range_that_is_none_keeps_the_page_and_what_was_typed(viewer: Any) -> None:
    kept = viewer.get("/audit?from=yesterday&who=ada")
    assert kept.status_code == 400
    page = kept.text
    assert "found &#39;yesterday&#39;; accepted: a moment" in page
    assert 'value="yesterday"' in page
    assert 'value="ada"' in page
    refused = viewer.get("/audit/csv?from=yesterday")
    assert refused.status_code == 400
    assert "accepted: a moment" in refused.text


def test_the_filtered_lines_are_a_file(connection: Connection, viewer: Any) -> None:
    add_audit(connection, actor="=ada", action="user.added", subject="user/x", why="=1+1")
    add_audit(connection, actor="bob", action="user.added", subject="user/y", why="b")
    done = viewer.get("/audit/csv?who=%3Dada")
    assert done.content_type == "text/csv; charset=utf-8"
    assert "attachment; filename=audit.csv" in done.headers["Content-Disposition"]
    head, line, *rest = done.get_data().decode("utf-8-sig").splitlines()
    assert head == "id,at,actor,action,subject,detail"
    assert "'=ada,user.added,user/x" in line
    assert rest == []
    lines = viewer.get("/audit/jsonl?subject=user/x&what=user.added").text.splitlines()
    assert [json.loads(one)["actor"] for one in lines] == ["=ada"]
    assert json.loads(lines[0])["detail"] == {"why": "=1+1"}
