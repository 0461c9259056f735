import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW, add_alert, add_outcome, add_pair, add_policy, put_in_force
from sqlalchemy import Connection, text

from tierwatch.dashboard.pages.alerts.remedies import LABELS, labels_page
from tierwatch.store.drains import drains_going_on
from tierwatch.store.judgements.bursts import ACTIVE_BURSTS
from tierwatch.store.policies import active_policies
from tierwatch.store.reading.one_row import read_part


@pytest.fixture(autouse=True)
def _now(clock: Any, connection: Connection) -> None:
    clock.now = connection.execute(text("select extract(epoch from now())::float")).scalar_one()


@pytest.fixture
def alert_id(connection: Connection) -> int:
    add_policy(connection, 1, simple=0.9)
    add_policy(connection, 2)
    put_in_force(connection, 2)
    return add_alert(connection)


def test_a_tier_is_sent_up_shown_everywhere_and_taken_back(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    page = f"/alerts/{alert_id}"
    assert "Send simple up now" in approver.page(page)
    sent = approver.send(f"{page}/send-up", form_on=page, why="worse answers", lasting="4h")
    assert sent.status_code == 302
    active = active_policies(connection)
    assert active is not None
    assert active.stable.is_drained("simple")
    [drain] = drains_going_on(connection)
    assert (drain.alert_id, drain.until - drain.began_at) == (alert_id, dt.timedelta(hours=4))
    for where in (page, "/", "/policies"):
        shown = approver.page(where)
        assert "simple is sent up" in shown
        assert "Take back now" in shown
    back = approver.send(f"/drains/{drain.id}/end", form_on=page)
    assert back.headers["Location"] == page
    assert "simple keeps its requests again." in approver.page(page)
    active = active_policies(connection)
    assert active is not None
    assert active.stable.drained == {}
    again = approver.send(f"/drains/{drain.id}/end", form_on=page)
    assert again.status_code == 409


def test_a_task_types_alert_sends_up_that_type(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    other = add_alert(connection, segment="simple/sql")
    page = f"/alerts/{other}"
    assert "Send sql of simple up now" in approver.page(page)
    approver.send(f"{page}/send-up", form_on=page, why="x", lasting="1h")
    active = active_policies(connection)
    assert active is not None
    assert active.stable.drained == {"sql": {"simple"}}


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"why": "kept words", "lasting": "soon"}, 400, "Lasting: found"),
        ({"why": "kept words"}, 400, "Lasting: found"),
        ({"why": " ", "lasting": "4h"}, 400, "A reason is required"),
    ],
)
def test_what_is_refused_says_so_on_the_page_and_keeps_the_reason(
    approver: Any, alert_id: int, fields: dict[str, str], status: int, said: str
) -> None:
    page = f"/alerts/{alert_id}"
    for what in ("send-up", "sample", "silence"):
        answer = approver.send(f"{page}/{what}", form_on=page, **fields)
        assert answer.status_code == status, what
        assert said in answer.text
        assert fields["why"].strip() in answer.text


def test_the_top_tier_and_a_resolved_alert_are_not_sent_up(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    top = add_alert(connection, tier="complex", segment="complex/*")
    assert "Send complex up now" not in approver.page(f"/alerts/{top}")
    fields = {"why": "x", "lasting": "4h"}
    page = f"/alerts/{top}"
    answer = approver.send(f"{page}/send-up", form_on=page, **fields)
    assert answer.status_code == 409
    assert "accepted: simple, standard" in answer.text
    page = f"/alerts/{alert_id}"
    approver.send(f"{page}/resolve", form_on=page, reason="fixed")
    answer = approver.send(f"{page}/send-up", form_on="/policies", **fields)
    assert answer.status_code == 409
    assert "is resolved already, by approver" in answer.text
    assert approver.send("/alerts/99/send-up", form_on="/policies", **fields).status_code == 404


def test_sampling_is_raised_until_it_ends(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    page = f"/alerts/{alert_id}"
    sent = approver.send(f"{page}/sample", form_on=page, why="see sooner", lasting="1h")
    assert sent.status_code == 302, sent.text
    [burst] = read_part(connection, ACTIVE_BURSTS)
    assert (burst.tier, burst.asked_by) == ("simple", "approver")
    assert burst.asked_until is not None


def test_a_silence_is_shown_with_its_end(
    connection: Connection, logged_in: Any, alert_id: int
) -> None:
    reviewer = logged_in("reviewer")
    page = f"/alerts/{alert_id}"
    assert "need the role approver" in reviewer.page(page)
    reviewer.send(f"{page}/silence", form_on=page, why="known", lasting="4h")
    shown = reviewer.page(page)
    assert "Silenced until" in shown
    assert "alert.silenced" in shown


def test_pairs_to_label_are_listed_with_what_is_done(
    connection: Connection, logged_in: Any, alert_id: int
) -> None:
    connection.execute(text("update alerts set opened_at = :at"), {"at": NOW})
    reviewer = logged_in("reviewer")
    assert "No judged pair of this alert" in reviewer.page(f"/alerts/{alert_id}/label")
    for number in range(25):
        pair = add_pair(connection, number)
        add_outcome(connection, number, 1.0, exchange_id=pair, task_type="all")
    found = labels_page(connection, alert_id, "reviewer")
    assert found is not None
    assert len(found.left) == len(found.pairs) == LABELS
    assert f"/review/{found.left[0].id}" in reviewer.page(f"/alerts/{alert_id}/label")
    assert labels_page(connection, 99, "reviewer") is None
    assert reviewer.get("/alerts/99/label").status_code == 404


def test_an_alert_that_opens_again_is_linked_both_ways(
    connection: Connection, approver: Any
) -> None:
    first = add_alert(connection, cause="same")
    approver.send(
        f"/alerts/{first}/resolve",
        form_on=f"/alerts/{first}",
        why="vendor mended it",
        reason="fixed",
    )
    second = add_alert(connection, cause="same")
    assert f'opened again as <a href="/alerts/{second}"' in approver.page(f"/alerts/{first}")
    shown = approver.page(f"/alerts/{second}")
    assert "vendor mended it" in shown
    assert f'<a href="/alerts/{first}"' in shown


def test_a_viewer_is_offered_nothing(viewer: Any, alert_id: int) -> None:
    page = viewer.page(f"/alerts/{alert_id}")
    assert "What to do</h2>" not in page
    assert "Runbook: misroute" in page


def test_an_alert_is_assigned_and_shown_to_everybody(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    page = f"/alerts/{alert_id}"
    assert "assigned to nobody" in approver.page(page)
    assert approver.send(f"{page}/assign", form_on=page, to="approver").status_code == 302
    shown = approver.page(page)
    assert "assigned to <b>approver</b>" in shown
    assert "Assign to me" not in shown
    refused = approver.send(f"{page}/assign", form_on=page, to="bob")
    assert refused.status_code == 400
    assert "To: found &#39;bob&#39;; accepted: approver." in refused.text
    assert approver.send(f"{page}/assign", form_on=page).status_code == 302
    assert "assigned to nobody" in approver.page(page)


def test_resolving_asks_for_a_reason_of_the_list_and_keeps_the_note(
    connection: Connection, approver: Any, alert_id: int
) -> None:
    page = f"/alerts/{alert_id}"
    for chosen, said in (("", "Reason: choose one of the list"), ("odd", "Reason: found")):
        refused = approver.send(f"{page}/resolve", form_on=page, why="my note", reason=chosen)
        assert refused.status_code == 400
        assert said in refused.text
        assert 'value="my note"' in refused.text
        assert "<details open><summary>Resolve</summary>" in refused.text
    approver.send(f"{page}/resolve", form_on=page, reason="false_alarm")
    assert "False alarm: nothing was wrong." in approver.page(page)
    other = add_alert(connection)
    assert "Of one other misroute alert that was resolved, 1 was a false alarm." in approver.page(
        f"/alerts/{other}"
    )


def test_a_refused_form_is_open_again_with_its_choice(approver: Any, alert_id: int) -> None:
    page = f"/alerts/{alert_id}"
    refused = approver.send(f"{page}/silence", form_on=page, why=" ", lasting="12h")
    assert refused.text.count("<details open><summary>") == 1
    assert "<details open><summary>Silence</summary>" in refused.text
    assert '<option value="12h" selected>' in refused.text


def test_what_was_typed_for_an_alert_that_was_resolved_meanwhile_is_shown(
    approver: Any, alert_id: int
) -> None:
    page = f"/alerts/{alert_id}"
    approver.send(f"{page}/resolve", form_on=page, reason="fixed")
    late = approver.send(f"{page}/silence", form_on="/", why="long words", lasting="4h")
    assert late.status_code == 409
    assert "What you typed is kept here." in late.text
    assert '<dd dir="auto">long words</dd>' in late.text
