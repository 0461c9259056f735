import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import NOW, add_alert, add_rollup
from flask import Flask
from sqlalchemy import Connection, text

from tierwatch.dashboard.forms.alert_filter import AskedAlerts
from tierwatch.dashboard.pages.alerts.alerts import alerts_page
from tierwatch.dashboard.site import KEY
from tierwatch.errors import SettingsError
from tierwatch.loop.notify.trial import Trial
from tierwatch.store.outbox.deliveries import set_postponed, take_deliveries
from tierwatch.store.outbox.events import add_event, spread_events
from tierwatch.store.pages.lists import PAGE


def test_alerts_are_listed_newest_first_with_what_happened(
    connection: Connection, viewer: Any
) -> None:
    first = add_alert(connection, summary="Answers became worse.")
    second = add_alert(connection, kind="budget", tier="", segment="all", state="resolved")
    page = viewer.page("/alerts")
    assert page.index(f"#{second} budget") < page.index(f"#{first} misroute")
    assert "Answers became worse." in page
    assert 'class="state resolved"' in page


def test_a_full_page_leads_to_older_alerts_and_the_last_to_none(
    connection: Connection, viewer: Any
) -> None:
    ids = [add_alert(connection) for _ in range(PAGE)]
    page = alerts_page(connection, AskedAlerts(), NOW)
    assert [line.alert.id for line in page.lines] == ids[::-1]
    # A list that is exactly full cannot know; the page after it says so.
    assert page.before == ids[0]
    assert "There are no older alerts." in viewer.page(f"/alerts?before={ids[0]}")
    assert alerts_page(connection, AskedAlerts(before=ids[1]), NOW).before is None


def failing(connection: Connection) -> None:
    add_event(connection, add_alert(connection), {"type": "alert.opened"})
    spread_events(connection, ["ops <b>"])
    take: dict[str, Any] = {"kind": "webhook", "lease": uuid.uuid4(), "lease_s": 60}
    [one] = take_deliveries(connection, "ops <b>", **take)
    set_postponed(connection, one.id, "ops <b>", "HTTP 503 <i>", wait_s=30)


def test_a_destination_that_fails_is_said_on_the_list_and_on_the_overview(
    connection: Connection, viewer: Any, policy: None
) -> None:
    assert "Nothing has been sent yet." in viewer.page("/alerts")
    failing(connection)
    for path in ("/alerts", "/"):
        page = viewer.page(path)
        said = re.search(r"Notifications to ops &lt;b&gt; have been failing since [^<]*", page)
        assert said, path
        assert "1 event waits for it." in page
        assert "HTTP 503 &lt;i&gt;" in page
    assert 'class="state failing"' in viewer.page("/alerts")


def with_tester(app: Flask, send: Callable[[str], Sequence[Trial]]) -> None:
    app.extensions[KEY] = replace(app.extensions[KEY], send_test=send)


def test_an_approver_tests_the_destinations_and_sees_what_each_answers(
    app: Flask, connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    asked = []

    def send(actor: str) -> list[Trial]:
        asked.append(actor)
        return [
            Trial("log", "log", taken=True, answer="written"),
            Trial("ops", "webhook", taken=False, answer="HTTP 503 <i>"),
        ]

    with_tester(app, send)
    response = logged_in("approver").send("/alerts/test", form_on="/alerts")
    assert response.status_code == 200
    assert asked == ["approver"]
    for said in ("written", "HTTP 503 &lt;i&gt;", ">delivered<", ">failed<"):
        assert said in response.text
    line = connection.execute(
        text("select actor, detail from audit where action like 'notif%'")
    ).one()
    assert tuple(line) == ("approver", {"log": "written", "ops": "HTTP 503 <i>"})


def test_a_secret_that_the_dashboard_lacks_is_said(
    app: Flask, logged_in: Callable[[str], Any], policy: None
) -> None:
    def send(_actor: str) -> list[Trial]:
        raise SettingsError("HOOK: found nothing")

    with_tester(app, send)
    response = logged_in("approver").send("/alerts/test", form_on="/alerts")
    assert response.status_code == 409
    assert "HOOK: found nothing." in response.text


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_others_may_not_test(logged_in: Callable[[str], Any], policy: None, role: str) -> None:
    person = logged_in(role)
    assert "Send a test" not in person.page("/alerts")
    assert person.send("/alerts/test", form_on="/").status_code == 403


def test_a_test_without_the_forms_token_is_refused(
    logged_in: Callable[[str], Any], policy: None
) -> None:
    assert logged_in("approver").client.post("/alerts/test").status_code == 400


def test_alerts_of_one_incident_follow_its_first(connection: Connection, viewer: Any) -> None:
    first = add_alert(connection, summary="The first.")
    apart = add_alert(connection, summary="Another one.")
    second = add_alert(connection, summary="Of the first.", incident=first)
    page = alerts_page(connection, AskedAlerts(), NOW)
    assert [(line.alert.id, line.member) for line in page.lines] == [
        (apart, False), (first, False), (second, True),
    ]  # fmt: skip
    assert page.incidents == 2
    shown = viewer.page("/alerts")
    assert shown.index("Another one.") < shown.index("The first.") < shown.index("Of the first.")
    assert 'class="member"' in shown


def test_the_list_is_filtered_and_says_what_it_does_not_understand(
    connection: Connection, logged_in: Callable[[str], Any]
) -> None:
    mine = add_alert(connection, assigned_to="reviewer", summary="Mine.")
    add_alert(connection, summary="Nobody's.")
    browser = logged_in("reviewer")
    page = browser.page("/alerts?assignee=mine&state=open")
    assert f"#{mine} misroute" in page
    assert "Nobody&#39;s." not in page
    assert '<option value="mine" selected>' in page
    wrong = browser.get("/alerts?state=odd&tier=simple&from=soon")
    assert wrong.status_code == 400
    for said in (
        "state: found &#39;odd&#39;; accepted: unresolved",
        "From: found &#39;soon&#39;",
        '<option value="odd" selected>',
        'value="soon"',
        f"#{mine} misroute",
    ):
        assert said in wrong.text, said
    assert "No alert matches." in browser.page("/alerts?tier=none")


def test_the_most_affected_are_asked_for(
    connection: Connection, logged_in: Callable[[str], Any], clock: Any
) -> None:
    clock.now = NOW.timestamp()
    viewer = logged_in("viewer")
    quiet = add_alert(
        connection, opened_at=NOW, began_at=NOW, tier="standard", segment="standard/*"
    )
    loud = add_alert(connection, opened_at=NOW, began_at=NOW)
    add_rollup(connection, "simple", 1_234, minute=NOW)
    page = viewer.page("/alerts?sort=affected")
    assert page.index(f"#{loud} misroute") < page.index(f"#{quiet} misroute")
    assert "1,234" in page
    assert "1,234" in viewer.page("/alerts")


def test_the_range_narrows_the_list_and_the_filter_keeps_it(
    connection: Connection, logged_in: Callable[[str], Any], clock: Any
) -> None:
    clock.now = NOW.timestamp()
    viewer = logged_in("viewer")
    old = add_alert(connection, opened_at=NOW - dt.timedelta(days=3))
    new = add_alert(connection, opened_at=NOW - dt.timedelta(hours=2))
    page = viewer.page("/alerts?from=-24h&tier=simple")
    assert (f"#{new} misroute" in page, f"#{old} misroute" in page) == (True, False)
    # Either form keeps what the other one asked for.
    assert '<input type="hidden" name="from" value="-24h">' in page
    assert '<input type="hidden" name="tier" value="simple">' in page
    assert 'href="/alerts?from=-7d&amp;tier=simple"' in page
    page = viewer.page("/alerts?from=all")
    assert (f"#{new} misroute" in page, f"#{old} misroute" in page) == (True, True)
    assert "Clear</a>" not in page


def test_the_answer_to_a_test_has_no_links_to_its_own_address(
    app: Flask, logged_in: Callable[[str], Any], policy: None
) -> None:
    with_tester(app, lambda _actor: [])
    answer = logged_in("approver").send("/alerts/test", form_on="/alerts")
    assert "/alerts/test?" not in answer.text
