"""How many statements a page takes: no more with many rows than with few, and few at that."""

from collections.abc import Callable

import factories.rows as put
import pytest
from flask import Flask
from sqlalchemy import Connection, event

from tierwatch.store.labels.labels import add_label

# Those of the session, of the frame's badge and of whether the judge is trusted among them.
MOST = 12
# The whole report, each part of it a statement; and what is known of the judge.
MORE = {"/": 39, "/judge": 22, "/metrics": 31}


def seed(connection: Connection, pairs: int) -> None:
    """Pairs in every stage, labels, alerts, proposals, policies and traffic."""
    put.add_policy(connection, 1)
    put.put_in_force(connection, 1)
    for number in range(pairs):
        put.add_rollup(connection, "simple", 10, bin=number)
        pair = put.add_pair(connection, number, "tie")
        put.add_outcome(connection, number, 0.0, exchange_id=pair)
        put.add_pair(connection, 1_000 + number, None)
        put.add_failure(connection, put.add_exchange(connection, 2_000 + number))
        put.add_exchange(connection, 3_000 + number)
        put.add_alert(connection)
        put.add_policy(connection, 10 + number)
        put.add_proposal(connection, state="rejected")
        if number < 2:
            add_label(
                connection,
                pair,
                reviewer=f"reviewer {number}",
                preferred="tie",
                shown_first="served",
                note="",
            )


def pages(app: Flask) -> list[str]:
    """Addresses of pages without a part to fill in."""
    return sorted(
        {
            rule.rule
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and not rule.arguments
        }
    )


def counted(connection: Connection, ask: Callable[[], object]) -> list[str]:
    """The statements of a page, savepoints apart."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(" ".join(statement.split()))

    event.listen(connection, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return seen


@pytest.fixture
def many(connection: Connection) -> Connection:
    seed(connection, 8)
    return connection


def test_no_page_takes_more_statements_than_it_may(
    app: Flask, many: Connection, logged_in: Callable[..., object]
) -> None:
    browser = logged_in("admin")
    found = {
        path: counted(many, lambda path=path: browser.get(path))  # type: ignore[attr-defined]
        for path in pages(app)
    }
    over = {
        path: (len(statements), statements)
        for path, statements in found.items()
        if len(statements) > MORE.get(path, MOST)
    }
    assert over == {}


@pytest.mark.parametrize("path", ["/", "/pairs", "/alerts", "/proposals", "/policies", "/judge"])
def test_more_rows_take_no_more_statements(
    app: Flask, connection: Connection, logged_in: Callable[..., object], path: str
) -> None:
    browser = logged_in("admin")
    seed(connection, 3)
    few = counted(connection, lambda: browser.get(path))  # type: ignore[attr-defined]
    for number in range(100, 112):
        pair = put.add_pair(connection, number, "alternative")
        put.add_outcome(connection, number, 1.0, exchange_id=pair)
        put.add_alert(connection)
        put.add_policy(connection, number)
        put.add_proposal(connection, state="rejected")
    assert len(counted(connection, lambda: browser.get(path))) == len(few)  # type: ignore[attr-defined]
