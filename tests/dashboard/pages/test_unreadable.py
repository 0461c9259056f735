"""Documents of a newer version, or broken ones: their pages say so and nothing else suffers."""

import uuid
from typing import Any, NamedTuple

import factories.evidence as stored
import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from tierwatch.config import Config
from tierwatch.loop.report.build import build_report

Seeded = tuple[int, int]


class Broken(NamedTuple):
    """A stored document, and words of the reason why it cannot be read."""

    stored: object
    reason: str


CANNOT = "cannot be shown by this version"
# What a document may have become, each by the words that the page gives as the reason.
DOCUMENTS = {
    "a newer version": (
        {"version": 9, "all": "new"},
        "found version 9; this release reads version 1",
    ),
    "no object": (["what", "is", "this"], "found a list; accepted is an object"),
    "nothing in it": ({}, "missing"),
    "a key of another type": (
        {"estimate": "0.3", "cause": 3, "alpha": "x", "misroute": []},
        "accepted is",
    ),
    "a version that is none": (
        {"version": "one"},
        "found version one; this release reads version 1",
    ),
    "markup": ({"version": "<script>alert(1)</script>"}, "&lt;script&gt;"),
}
every_document = pytest.mark.parametrize(
    "document", [Broken(*one) for one in DOCUMENTS.values()], ids=DOCUMENTS.keys()
)


def _break(connection: Connection, table: str, column: str, document: object) -> None:
    statement = text(f"update {table} set {column} = :document")  # noqa: S608 - names of ours
    connection.execute(
        statement.bindparams(bindparam("document", type_=JSONB)), {"document": document}
    )


@pytest.fixture
def seeded(connection: Connection) -> Seeded:
    """An alert that led to a proposal, under policy 1."""
    add_policy(connection, 1)
    put_in_force(connection, 1)
    alert = add_alert(connection, attribution=stored.attribution())
    return alert, add_proposal(connection, alert_id=alert)


@every_document
@pytest.mark.parametrize(
    "where", ["alerts.evidence", "alerts.attribution", "proposals.evidence", "proposals.predicted"]
)
def test_every_page_is_there_and_its_own_says_what_cannot_be_shown(
    connection: Connection, approver: Any, seeded: Seeded, where: str, document: Any
) -> None:
    table, column = where.split(".")
    _break(connection, table, column, document.stored)
    alert, proposal = seeded
    own = f"/alerts/{alert}" if table == "alerts" else f"/proposals/{proposal}"
    for path in (
        "/", "/alerts", "/proposals", f"/alerts/{alert}", f"/proposals/{proposal}", "/policies",
        "/judge", "/audit",
    ):  # fmt: skip
        page = approver.page(path)
        assert (CANNOT in page) is (path == own), path
        assert "<script>" not in page
    assert document.reason in approver.page(own)
    assert approver.get("/metrics").status_code == 200


@pytest.mark.parametrize("kind", sorted(stored.ALERTS))
def test_every_kind_of_alert_has_a_page_without_its_evidence(
    connection: Connection, viewer: Any, kind: str
) -> None:
    alert = add_alert(connection, kind=kind)
    whole = viewer.page(f"/alerts/{alert}")
    assert CANNOT not in whole
    _break(connection, "alerts", "evidence", {"version": 2})
    page = viewer.page(f"/alerts/{alert}")
    assert CANNOT in page
    assert "Answers of tier simple are worse." in page  # the summary is a column of its own
    assert "Worst pairs" not in page


def test_a_kind_of_a_newer_version_is_one_more_that_cannot_be_shown(
    connection: Connection, viewer: Any
) -> None:
    alert = add_alert(connection)
    connection.execute(text("update alerts set kind = 'weather'"))
    page = viewer.page(f"/alerts/{alert}")
    assert CANNOT in page
    assert "&#39;weather&#39;: not known" in page
    assert f"#{alert} weather" in viewer.page("/alerts")


@every_document
def test_a_proposed_model_has_a_page_without_its_evidence(
    connection: Connection, viewer: Any, document: Any
) -> None:
    proposal = add_proposal(connection, kind="model", artefact_id=1)
    assert "Better on pairs it has not seen." in viewer.page(f"/proposals/{proposal}")
    _break(connection, "proposals", "evidence", document.stored)
    page = viewer.page(f"/proposals/{proposal}")
    assert CANNOT in page
    assert "a model learned from judged pairs" in page
    assert "Better on pairs" not in page


@every_document
def test_what_cannot_be_read_cannot_be_approved_and_can_be_rejected(
    connection: Connection, approver: Any, seeded: Seeded, document: Any
) -> None:
    _break(connection, "proposals", "evidence", document.stored)
    path = f"/proposals/{seeded[1]}"
    page = approver.page(path)
    assert ">Approve</button>" not in page
    assert "Only the version of tierwatch that made it can approve it." in page
    refused = approver.send(f"{path}/approve", form_on=path, why="I dare")
    assert refused.status_code == 409
    assert "cannot read" in refused.text
    assert approver.send(f"{path}/reject", form_on=path, why="unreadable").status_code == 302
    assert CANNOT in approver.page(path)


@every_document
def test_the_api_gives_the_document_as_it_is_stored_and_says_why(
    connection: Connection, app: Any, bearer: Any, seeded: Seeded, document: Any
) -> None:  # fmt: skip
    client, headers = app.test_client(), bearer("viewer")
    alert, proposal = seeded
    fine = client.get(f"/api/v1/alerts/{alert}", headers=headers).json
    assert fine["unreadable"] == {}
    assert fine["evidence"]["tolerance"] == 0.05
    for table, column in (("alerts", "evidence"), ("alerts", "attribution"),
                          ("proposals", "evidence"), ("proposals", "predicted")):  # fmt: skip
        _break(connection, table, column, document.stored)
    one = client.get(f"/api/v1/alerts/{alert}", headers=headers).json
    assert one["evidence"] == one["attribution"] == document.stored
    assert set(one["unreadable"]) == {"evidence", "attribution"}
    assert all(one["unreadable"].values())
    other = client.get(f"/api/v1/proposals/{proposal}", headers=headers).json
    assert other["evidence"] == other["predicted"] == document.stored
    assert set(other["unreadable"]) == {"evidence", "predicted"}
    assert client.get("/api/v1/alerts", headers=headers).json["alerts"] == [one]
    assert client.get("/api/v1/proposals", headers=headers).json["proposals"] == [other]
    assert client.get("/api/v1/report", headers=headers).status_code == 200


def test_documents_of_the_first_version_have_no_number_and_are_read(
    connection: Connection, viewer: Any
) -> None:
    evidence = stored.misroute()
    assert "version" not in evidence
    alert = add_alert(connection, evidence=evidence)
    page = viewer.page(f"/alerts/{alert}")
    assert CANNOT not in page
    assert "12.0 %" in page  # its estimate


def test_the_report_goes_on(connection: Connection, config: Config, seeded: Seeded) -> None:
    for column in ("evidence", "predicted"):
        _break(connection, "proposals", column, {"version": 9})
    _break(connection, "alerts", "evidence", {"version": 9})
    report = build_report(connection, config)
    assert [one["tier"] for one in report["proposals"]] == ["simple"]
    assert [one["kind"] for one in report["alerts"]] == ["misroute"]


def test_one_that_cannot_be_read_hides_no_other(connection: Connection, viewer: Any) -> None:
    broken = add_alert(connection)
    _break(connection, "alerts", "evidence", {"version": 9})
    pair = str(add_pair(connection, 1, "alternative"))
    worst = [{"pair": pair, "confidence": 0.9, "request": 1}]
    whole = add_alert(connection, evidence={"worst": worst})
    for path in ("/", "/alerts"):
        page = viewer.page(path)
        assert f"/alerts/{broken}" in page
        assert f"/alerts/{whole}" in page
    assert "What is 2 + 2?" in viewer.page(f"/alerts/{whole}")


@pytest.mark.parametrize("pair", ["", "no id", "0" * 32, str(uuid.UUID(int=7)), "<b>"])
def test_a_worst_pair_that_is_gone_is_a_line_without_texts(
    connection: Connection, viewer: Any, pair: str
) -> None:
    worst = [{"pair": pair, "confidence": 0.9, "request": 1}]
    page = viewer.page(f"/alerts/{add_alert(connection, evidence={'worst': worst})}")
    assert "Worst pairs" in page
    assert "<b>…" not in page
