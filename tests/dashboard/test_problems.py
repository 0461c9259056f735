import uuid
from typing import Any

import pytest
from flask import Flask
from psycopg.errors import ReadOnlySqlTransaction, UndefinedColumn, UndefinedTable
from sqlalchemy import Connection, text
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError

from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/alerts/99",
        "/proposals/99",
        f"/alerts/{2**63}",
        "/pairs/not-an-id",
        f"/pairs/{uuid.UUID(int=1)}",
        f"/pairs/{uuid.UUID(int=1)}/text/served",
        f"/pairs/{uuid.UUID(int=1)}/text/secret",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(viewer: Any, path: str) -> None:
    response = viewer.get(path)
    assert response.status_code == 404
    assert "There is nothing at this address" in response.text


def test_actions_on_what_is_not_there(approver: Any, policy: None) -> None:
    for path in ("/alerts/99/resolve", "/proposals/99/approve"):
        assert approver.send(path, form_on="/", why="x").status_code == 404
    missing = approver.send("/policies/99/rollback", form_on="/", why="x")
    assert missing.status_code == 409
    assert "There is no policy 99." in missing.text


def test_wrong_methods_and_too_large_forms(viewer: Any) -> None:
    assert viewer.client.post("/").status_code in {400, 405}
    assert viewer.client.get("/logout").status_code == 405
    assert viewer.client.post("/logout", data={"x": "y" * 300_000}).status_code == 413


def test_a_read_only_postgres_is_a_sentence(
    app: Flask, stranger: Any, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")

    def standby(*_: object, **__: object) -> None:
        raise InternalError("insert", {}, ReadOnlySqlTransaction("in a read-only transaction"))

    monkeypatch.setattr(app.extensions["tierwatch"].engine, "begin", standby)
    response = stranger.log_in("ada")
    assert response.status_code == 503
    assert "Postgres takes no changes at the moment." in response.text


@pytest.mark.parametrize("lacking", [UndefinedTable, UndefinedColumn])
def test_tables_of_the_version_before_are_a_sentence(
    app: Flask, viewer: Any, lacking: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(*_: object, **__: object) -> None:
        raise ProgrammingError("select", {}, lacking("fitted does not exist"))

    monkeypatch.setattr(app.extensions["tierwatch"].engine, "connect", before)
    for path in ("/", f"/pairs/{uuid.UUID(int=1)}"):
        response = viewer.get(path)
        assert response.status_code == 503
        assert "Run: tierwatch migrate." in response.text


def test_a_faulty_statement_of_ours_stays_a_fault(
    app: Flask, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise ProgrammingError("selekt", {}, SyntaxError("near selekt"))

    monkeypatch.setattr(app.extensions["tierwatch"].engine, "connect", faulty)
    assert viewer.get("/").status_code == 500


def test_postgres_away_is_a_sentence(
    app: Flask, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("select 1", {}, Exception("connection refused"))

    monkeypatch.setattr(app.extensions["tierwatch"].engine, "connect", away)
    response = viewer.get("/")
    assert response.status_code == 503
    assert "Postgres cannot be reached" in response.text
    assert "connection refused" not in response.text
    api = viewer.client.get("/api/v1/report", headers={"Authorization": "Bearer x"})
    assert api.status_code == 503
    assert api.json["error"]["type"] == "internal_error"
    assert viewer.get("/healthz").text == "ok\n"
    assert "tierwatch_evaluation_database_up 0.0" in viewer.get("/metrics").text


def test_an_active_policy_that_is_broken_is_a_sentence(
    connection: Connection, viewer: Any, policy: None
) -> None:
    connection.execute(text('update policies set thresholds = \'{"simple": "x"}\''))
    response = viewer.get("/")
    assert response.status_code == 500
    assert "A stored policy cannot be shown by this version: thresholds.simple" in response.text
    assert viewer.get("/alerts").status_code == 200
