"""How many statements a page takes: no more with many rows than with few, and few at that."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import factories.rows as put
import pytest
from flask import Flask
from sqlalchemy import Connection, event

from tierwatch.store.audit import add_audit
from tierwatch.store.labels.labels import add_label

HOUR = dt.timedelta(hours=1)

# Those of the session, of the frame's badge and of whether the judge is trusted among them.
MOST = 12
# No page: the whole report, and beside it the state of the loop.
MORE = {"/metrics": 30}
# Ranges and filters, which are pages as well.
FILTERS = (
    "/?from=-1h",
    "/?from=-30d",
    "/?from=all",
    "/?from=-24h&compare=before",
    "/?from=-30d&compare=before",
    "/judge?from=all",
    "/costs?from=all",
    "/alerts?state=unresolved",
    "/proposals?state=undecided",
    "/pairs?tier=simple&preferred=alternative",
    "/pairs?stage=failed",
    "/pairs?q=question",
    "/pairs?sort=cost",
)
# And of one thing, by how its address begins: all that is known of an alert; and of a pair that is
# to be labelled, with how far its tier's labels go.
MOST_OF_ONE = {"alerts": 24, "review": 15}
# What an address names: the pages of one thing have those of `named` in them.
NAMES = ("alert_id", "proposal_id", "pair_id", "version")


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


def named(connection: Connection) -> dict[str, Any]:
    """One of everything that has a page of its own, each with what its page lists."""
    pair = put.add_pair(connection, 9_000, "alternative")
    put.add_outcome(connection, 9_000, 1.0, exchange_id=pair)
    put.add_policy(connection, 9_000)
    put.put_rollout(connection, 9_000, evidence={"first_outcome": 0, "last_outcome": 10_000})
    found = {
        "alert_id": put.add_alert(connection),
        "proposal_id": put.add_proposal(
            connection, evidence={"first_outcome": 0, "last_outcome": 10_000}
        ),
        "pair_id": pair,
        "version": 9_000,
    }
    add_to(connection, found)
    return found


def add_to(connection: Connection, found: dict[str, Any]) -> None:
    """More of what these pages list."""
    alert = found["alert_id"]
    put.add_drain(
        connection, "simple", alert_id=alert, until=put.NOW + HOUR, began_at=put.NOW,
        ended_at=put.NOW,
    )  # fmt: skip
    put.add_alert(connection, incident=alert)
    put.add_proposal(connection, state="rejected", alert_id=alert)
    for kind, number in (("alert", alert), ("proposal", found["proposal_id"])):
        add_audit(connection, actor="ada", action=f"{kind}.seen", subject=f"{kind}/{number}")


def pages(app: Flask, names: dict[str, Any]) -> list[str]:
    """Addresses of pages and of the API, those of one thing filled in."""
    return sorted(
        {
            re.sub(r"<[^<>]*?(\w+)>", lambda part: str(names[part[1]]), rule.rule)
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.arguments <= names.keys()
        }
    )


def most(path: str) -> int:
    """Statements that a page may take."""
    kind, _, one = path.strip("/").partition("/")
    return MORE.get(path, MOST_OF_ONE.get(kind, MOST) if one else MOST)


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
    browser, names = logged_in("admin"), named(many)
    addresses = pages(app, names)
    for name in NAMES:
        assert any(str(names[name]) in path for path in addresses), name
    found = {
        path: counted(many, lambda path=path: browser.get(path))  # type: ignore[attr-defined]
        for path in [*addresses, *FILTERS]
    }
    over = {
        path: (len(statements), statements)
        for path, statements in found.items()
        if len(statements) > most(path)
    }
    assert over == {}


@pytest.mark.parametrize(
    "path",
    [
        "/", "/?compare=before", "/costs", "/pairs", "/alerts", "/proposals", "/policies", "/judge",
        "/review",
        "/alerts/{alert_id}", "/alerts/{alert_id}/label", "/proposals/{proposal_id}",
        "/proposals/{proposal_id}/report", "/pairs/{pair_id}", "/review/{pair_id}",
        "/rollouts/{version}",
    ],
)  # fmt: skip
def test_more_rows_take_no_more_statements(
    app: Flask, connection: Connection, logged_in: Callable[..., object], path: str
) -> None:
    browser = logged_in("admin")
    seed(connection, 3)
    names = named(connection)
    path = path.format(**names)
    few = counted(connection, lambda: browser.get(path))  # type: ignore[attr-defined]
    for number in range(100, 112):
        pair = put.add_pair(connection, number, "alternative")
        put.add_outcome(connection, number, 1.0, exchange_id=pair)
        put.add_alert(connection)
        put.add_policy(connection, number)
        put.add_proposal(connection, state="rejected")
        add_to(connection, names)
    assert len(counted(connection, lambda: browser.get(path))) == len(few)  # type: ignore[attr-defined]
