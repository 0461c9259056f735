import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import factories.evidence as stored
import factories.rows as put
from factories.rows import (
    NOW,
    add_alert,
    add_pair,
    add_proposal,
    exchange_id_of,
)
from sqlalchemy import Connection, select

from tierwatch.dashboard.pages.alerts.alert import alert_page
from tierwatch.dashboard.pages.alerts.alert_figures import PairLine
from tierwatch.dashboard.texts.word_diff import word_diff
from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.store.alerts import put_attribution
from tierwatch.store.outbox.deliveries import set_failed, set_postponed, take_deliveries
from tierwatch.store.outbox.events import add_event, spread_events
from tierwatch.store.schema.proposals import AlertRow

MINUTE = dt.timedelta(minutes=1)


def test_alert_shows_evidence_and_takes_the_next_step(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    worst = str(uuid.uuid4())
    alert_id = add_alert(
        connection,
        evidence={
            "estimate": stored.estimate(0.31),
            "whole_stream": stored.estimate(0.1),
            "tolerance": 0.05,
            "first_pair": worst,
            "first_request": 12,
            "last_pair": worst,
            "last_request": 99,
            "worst": [{"pair": worst, "confidence": 0.93, "request": 44}],
            "first_outcome": 7,
        },
        delivered=[
            {
                "type": "alert.opened",
                "deliveries": [{"destination": "webhook 1", "ok": False, "detail": "status 500"}],
            }
        ],
        attribution=stored.attribution(sentence="Other traffic."),
    )
    proposal_id = add_proposal(connection, alert_id=alert_id)
    reviewer = logged_in("reviewer")

    page = reviewer.page(f"/alerts/{alert_id}")
    assert "31.0 %" in page
    assert f"/pairs/{worst}" in page
    assert "0.930" in page
    assert "first outcome" in page
    assert "Other prompts arrive: the make-up of the traffic has changed." in page
    for said in ("webhook 1", "status 500", ">failed<"):
        assert said in page, said
    assert f"/proposals/{proposal_id}" in page
    path = f"/alerts/{alert_id}"
    assert reviewer.send(f"{path}/acknowledge", form_on=path).status_code == 302
    assert "is acknowledged" in reviewer.page(path)
    assert reviewer.send(f"{path}/resolve", form_on=path, reason="fixed").status_code == 302
    assert "resolved by reviewer" in reviewer.page(path)

    again = reviewer.send(f"{path}/resolve", form_on="/", why="again", reason="fixed")
    assert again.status_code == 409
    assert f"Alert {alert_id} is resolved already, by reviewer." in again.text
    assert "What you typed is kept here." in again.text


def test_worst_pairs_say_what_was_asked_and_what_the_judge_said(
    connection: Connection, viewer: Any
) -> None:
    question = "Which\n one? " + "x" * 1_000
    pair_id = str(add_pair(connection, 1, "alternative", question=question))
    gone = str(uuid.uuid4())
    worst = [
        {"pair": pair_id, "confidence": 0.9, "request": 1},
        {"pair": gone, "confidence": 0.8, "request": 2},
        {"pair": "no id", "confidence": 0.7, "request": 3},
    ]
    alert_id = add_alert(connection, evidence={"worst": worst})
    page = alert_page(connection, alert_id, NOW)
    assert page is not None
    asked = "Which one? " + "x" * 148 + "…"
    assert page.evidence is not None
    assert page.evidence.worst == (
        PairLine(
            pair_id, 1, 0.9, asked, "both say four", "simple", "standard", word_diff("4", "four")
        ),
        PairLine(gone, 2, 0.8),
        PairLine("no id", 3, 0.7),
    )
    shown = viewer.page(f"/alerts/{alert_id}")
    for said in (asked, "<del>4</del>", "<ins>four</ins>"):
        assert said in shown, said
    connection.exec_driver_sql("delete from exchange_texts")
    page = alert_page(connection, alert_id, NOW)
    assert page is not None
    assert page.evidence is not None
    assert page.evidence.worst[0].asked == ""


def test_viewers_may_not_move_alerts(connection: Connection, viewer: Any) -> None:
    alert_id = add_alert(connection)
    page = viewer.page(f"/alerts/{alert_id}")
    assert "need the role reviewer" in page
    assert "/acknowledge" not in page
    response = viewer.send(f"/alerts/{alert_id}/acknowledge", form_on="/")
    assert response.status_code == 403
    assert "this needs the role reviewer; viewer has the role viewer" in response.text
    assert connection.execute(select(AlertRow.state)).scalar_one() == "open"


def test_the_alert_page_shows_the_parts_and_the_segments_that_moved(
    connection: Connection, viewer: Any
) -> None:
    alert_id = put.add_alert(connection)
    assert "is being investigated" in viewer.page(f"/alerts/{alert_id}")
    cells = {"simple/all/0.8-0.9": Cell(400, 400.0, 400.0, 20.0)}
    found = attribute(cells, {"simple/all/0.8-0.9": Cell(200, 200.0, 200.0, 100.0)})
    put_attribution(connection, alert_id, AttributionDocument.of(found))
    page = viewer.page(f"/alerts/{alert_id}")
    assert "is being investigated" not in page
    assert found.evidence.reason in page
    # The rate of the attribution is of other pairs than the alert's: one of the two is shown.
    assert found.sentence.split(";")[0] not in page
    assert "Breakdown of the change" in page
    assert "simple/all/0.8-0.9" in page
    assert "<b>+45.0</b>" in page  # points: not a share of anything
    assert "+45.0 %" not in page


def test_each_delivery_shows_its_state_its_tries_and_its_last_answer(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    alert_id = add_alert(connection)
    for kind in ("alert.opened", "alert.resolved"):
        add_event(connection, alert_id, {"type": kind})
    spread_events(connection, ["ops <b>"])
    take = {"kind": "webhook", "lease": uuid.uuid4(), "lease_s": 60}
    [first] = take_deliveries(connection, "ops <b>", **take)
    set_postponed(connection, first.id, "ops <b>", "HTTP 503 <i>", wait_s=30)
    page = logged_in("viewer").page(f"/alerts/{alert_id}")
    for said in ("ops &lt;b&gt;", "HTTP 503 &lt;i&gt;", ">waiting<", "alert.resolved", "Next try"):
        assert said in page, said


def test_an_alert_that_was_resolved_by_itself_says_why(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    alert_id = add_alert(
        connection,
        state="resolved",
        resolved_by="tierwatch",
        resolution={"why": "The day is over."},
    )
    viewer = logged_in("viewer")
    page = viewer.page(f"/alerts/{alert_id}")
    assert "Resolved by itself" in page
    assert "The day is over." in page
    odd = add_alert(connection, state="resolved", resolution=[1])
    assert "Resolved by itself" not in viewer.page(f"/alerts/{odd}")


def test_deliveries_that_cannot_be_read_are_passed_over(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    good = {"destination": "webhook 7", "ok": True, "detail": "status 200"}
    alert_id = add_alert(
        connection,
        evidence=stored.misroute(),
        delivered=[
            5,
            {"type": "alert.opened", "deliveries": 5},
            {"type": "alert.opened", "deliveries": [None, good]},
        ],
    )
    assert "webhook 7" in logged_in("viewer").page(f"/alerts/{alert_id}")


def test_what_failed_is_sent_again_by_an_approver(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    alert_id = add_alert(connection)
    add_event(connection, alert_id, {"type": "alert.opened"})
    spread_events(connection, ["ops"])
    path, approver = f"/alerts/{alert_id}", logged_in("approver")
    assert "Send again" not in approver.page(path)
    nothing = approver.send(f"{path}/retry", form_on=path)
    assert nothing.status_code == 409
    assert "Nothing of this alert has failed." in nothing.text
    take: dict[str, Any] = {"kind": "webhook", "lease": uuid.uuid4(), "lease_s": 60}
    [one] = take_deliveries(connection, "ops", **take)
    set_failed(connection, one.id, "ops", "HTTP 422")
    reviewer = logged_in("reviewer")
    assert "Send again" not in reviewer.page(path)
    assert reviewer.send(f"{path}/retry", form_on=path).status_code == 403
    assert "Send again" in approver.page(path)
    assert approver.send(f"{path}/retry", form_on=path).status_code == 302
    assert ">waiting<" in approver.page(path)
    assert "deliveries.retried" in approver.page(path)
    assert approver.send("/alerts/999999/retry", form_on=path).status_code == 404


def test_the_way_to_the_alarm_is_drawn_where_the_evidence_has_it(
    connection: Connection, viewer: Any, policy: None
) -> None:
    path = [
        {"conversations": number, "at": NOW.timestamp() + 60 * number, "statistic": 3.0**number}
        for number in range(1, 16)
    ]
    drawn = add_alert(connection, evidence={"path": path, "first_pair": str(exchange_id_of(180))})
    page = viewer.page(f"/alerts/{drawn}")
    assert "Evidence that more than 5.0 % are misrouted" in page
    assert "15 conversations" in page
    assert "change began, by estimate" in page
    assert page.count("<figure") == 1
    assert "MonitorPoint" not in page
    assert "<figure" not in viewer.page(f"/alerts/{add_alert(connection)}")


def test_the_first_screen_says_what_happened_how_sure_and_who_is_hit(
    connection: Connection, logged_in: Callable[[str], Any], clock: Any, policy: None
) -> None:
    clock.now = (NOW + dt.timedelta(minutes=20)).timestamp()
    viewer = logged_in("viewer")
    alert_id = add_alert(
        connection,
        segment="simple/sql",
        opened_at=NOW + dt.timedelta(minutes=10),
        evidence={"first_pair": str(exchange_id_of(60)), "estimate": stored.estimate(0.1)},
    )
    put.add_rollup(connection, "simple", 3_000, task_type="sql", minute=NOW + MINUTE)
    put.add_rollup(connection, "simple", 9_000, task_type="chat", minute=NOW + MINUTE)
    for number in range(900, 940):
        put.add_outcome(connection, number, float(number % 2), task_type="sql")
    page = viewer.page(f"/alerts/{alert_id}")
    for said in (
        "10.0 % of simple&#39;s answers to requests of type sql are materially worse",
        "with a probability of at most 1.0 %",
        "estimated to have begun <time",
        ">2026-11-23 12:01:00 UTC</time>, with request",
        "<b>3,000</b> <small>25.0 % of all",
        "<b>about 300</b> <small>60 to 600",
        ">Yes</b>",
        "In the last hour 50.0 % of 40 pairs",
        "No other misroute alert has been resolved yet",
        "no policy, no model of this tier's answers, no judge and no task types changed",
    ):
        assert said in page, said
    assert "2.5e" not in page
    assert "e+07" not in page


def test_alerts_of_one_incident_name_each_other_and_why(
    connection: Connection, viewer: Any
) -> None:
    first = add_alert(connection)
    drift = add_alert(connection, kind="model_drift", incident=first)
    judge = add_alert(
        connection, kind="judge_drift", tier="", segment="judge", incident=first,
        evidence={"judge_version": "another"},
    )  # fmt: skip
    page = viewer.page(f"/alerts/{drift}")
    assert "One incident with 2 other alerts" in page
    assert f'<a href="/alerts/{first}">#{first} misroute of simple</a>' in page
    assert "the same tier" in page
    assert "by another alert of the incident" in page
    assert f"#{drift} model drift" in viewer.page(f"/alerts/{judge}")


def test_what_changed_about_that_time_is_listed(
    connection: Connection, viewer: Any, policy: None
) -> None:
    put.add_policy(connection, 2)
    alert_id = add_alert(connection, began_at=NOW, opened_at=NOW)
    connection.exec_driver_sql("update policies set created_at = '2026-11-23T11:00:00Z'")
    page = viewer.page(f"/alerts/{alert_id}")
    assert "What changed about that time" in page
    assert 'Policy 2</a> became active, by ada: <span dir="auto">reason 2</span>' in page


def test_an_alert_that_a_drain_was_begun_for_says_whether_gateways_follow(
    connection: Connection, viewer: Any, policy: None
) -> None:
    alert_id = add_alert(connection)
    put.add_drain(connection, "simple", alert_id=alert_id, began_at=NOW)
    page = viewer.page(f"/alerts/{alert_id}")
    assert "No request has been counted yet" in page
    put.add_rollup(connection, "simple", 12, minute=NOW + MINUTE)
    assert "12 of 12 requests from the minute after" in viewer.page(f"/alerts/{alert_id}")
    connection.exec_driver_sql("""update policies set drained = '{"all": ["simple"]}'""")
    assert "all 12 requests from the minute after" in viewer.page(f"/alerts/{alert_id}")
