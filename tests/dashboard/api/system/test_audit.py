from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Connection

from tierwatch.store.audit import add_audit
from tierwatch.store.pages.lists import PAGE


def test_lines_by_the_filter_of_the_page(
    app: Flask, connection: Connection, bearer: Callable[[str], dict[str, str]]
) -> None:
    headers, client = bearer("viewer"), app.test_client()
    for number in range(PAGE + 1):
        add_audit(connection, actor="ada", action="alert.opened", subject=f"alert/{number}")
    add_audit(connection, actor="bob", action="user.added", subject="user/x", why="w")

    def answer(query: str, status: int = 200) -> Any:
        got = client.get(f"/api/v1/audit?{query}", headers=headers)
        assert got.status_code == status
        return got.json

    (line,) = answer("who=bob")["lines"]
    assert (line["action"], line["subject"], line["detail"]) == (
        "user.added",
        "user/x",
        {"why": "w"},
    )
    first = answer("what=alert")
    assert len(first["lines"]) == PAGE
    rest = answer(f"what=alert&before={first['before']}")
    assert [one["subject"] for one in rest["lines"]] == ["alert/0"]
    assert rest["before"] is None
    assert "accepted: a moment" in answer("from=yesterday", 400)["error"]["message"]
