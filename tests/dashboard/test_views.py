import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import (
    add_alert,
    add_audit_line,
    add_exchange,
    add_failure,
    add_outcome,
    add_pair,
    add_policy,
    add_proposal,
    add_rollup,
    add_shadow,
    estimate,
    put_in_force,
)
from flask import Flask
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from tierwatch.config import Config
from tierwatch.dashboard import pages
from tierwatch.dashboard.overview import overview_page
from tierwatch.store.pages import alerts_and_proposals as reading
from tierwatch.store.pages.pairs import PairFilter
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.proposals import AlertRow, ProposalRow

HOSTILE = """<script>alert("x")</script>'"><img src=x onerror=alert(1)>"""


@pytest.fixture
def policy(connection: Connection) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)


def test_templates_receive_their_page_and_nothing_else(
    connection: Connection, config: Config, viewer: Any, rendered: list[Any], policy: None
) -> None:
    alert_id, proposal_id = add_alert(connection), add_proposal(connection)
    pair_id = add_pair(connection, 1)
    nothing = PairFilter()
    review = PairFilter(for_review=True)
    told = {
        "/": overview_page(connection, config, gateway_url="http://gateway.example"),
        "/alerts": pages.alerts_page(connection, None),
        f"/alerts/{alert_id}": pages.alert_page(connection, alert_id),
        "/proposals": pages.proposals_page(connection, None),
        f"/proposals/{proposal_id}": pages.proposal_page(connection, proposal_id, config),
        "/pairs": pages.pairs_page(connection, config, nothing, None),
        f"/pairs/{pair_id}": pages.pair_page(connection, pair_id),
        "/review": pages.pairs_page(connection, config, review, None),
        "/policies": pages.policies_page(connection, config, None),
        "/audit": pages.audit_page(connection, None),
        "/judge": pages.judge_page(connection, config),
    }
    for path, page in told.items():
        rendered.clear()
        viewer.page(path)
        ((_, context),) = rendered
        assert context["page"] == page, path
        flask_gives = {"g", "request", "session", "config", "csrf_token", "csrf_meta_tag"}
        assert set(context) - flask_gives == {"page", "frame"}, path


def test_an_empty_database_says_so_and_shows_no_zero_rates(viewer: Any) -> None:
    overview = viewer.page("/")
    assert overview.count("not enough data") >= 3
    assert "none yet" in overview
    assert ">0.0 %" not in overview
    assert "No alert was ever opened" in viewer.page("/alerts")
    assert "No threshold change was proposed yet" in viewer.page("/proposals")
    assert "No pair matches" in viewer.page("/pairs")
    assert "Nothing to review" in viewer.page("/review")
    assert "No pair was judged yet" in viewer.page("/judge")
    assert "No policy is stored yet" in viewer.page("/policies")
    assert "user.added" in viewer.page("/audit")


def test_overview_shows_rates_only_with_enough_pairs(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    add_rollup(connection, "standard", 40, cost_usd=1.0, cost_top_tier_usd=4.0)
    for number in range(40):
        add_outcome(connection, number, float(number < 2))
    for number in range(29):
        add_outcome(connection, number, 1.0, tier="standard")

    page = viewer.page("/")
    assert "5.0 %" in page  # 2 of 40
    assert "29 of 30 pairs" in page
    assert "75.0 %" in page  # saving: 1 - 2 / 8
    assert "undecided" in page
    assert "<svg" in page
    assert "No open alerts and nothing to decide." in page


def test_with_a_dozen_task_types_the_overview_stays_an_overview(
    connection: Connection, viewer: Any, policy: None
) -> None:
    names = [f"type-{number:02}" for number in range(12)]
    for name in names:
        add_alert(connection, cause=f"misroute:simple:{name}", segment=f"simple/{name}")
        add_proposal(connection, task_type=name)
    own = {name: {"simple": 0.5 + number / 100} for number, name in enumerate(names)}
    own["type-03"]["standard"] = 0.61
    connection.execute(
        text("update policies set by_task = cast(:own as jsonb)"), {"own": json.dumps(own)}
    )
    page = viewer.page("/")
    assert page.count('data-label="Segment"') == 5
    assert page.count('data-label="Promise"') == 5
    assert "All 12 unresolved alerts" in page
    assert "All 12 undecided proposals" in page
    assert "12 task types differ" in page
    assert "1 task type differs" in page
    assert viewer.page("/alerts").count('data-label="Segment"') == 12
    policies = viewer.page("/policies")
    assert "12 task types</small></summary>" in policies
    lines = re.findall(r"<div><small>(type-\d\d) (0\.\d\d)</small></div>", policies)
    assert lines[:12] == [(name, f"{0.5 + n / 100:.2f}") for n, name in enumerate(names)]
    assert lines[12:] == [("type-03", "0.61")]


def test_overview_shows_saving_and_net_saving_with_the_parts(
    connection: Connection, viewer: Any
) -> None:
    add_rollup(
        connection, "simple", 9, sampled=1, cost_usd=1.0, cost_top_tier_usd=8.0,
        classifier_cost_usd=2.0,
    )  # fmt: skip
    exchange_id = add_pair(connection, 1)  # the shadow answer is .01
    connection.execute(
        text("update verdicts set cost_usd = 0.99 where exchange_id = :id"), {"id": exchange_id}
    )
    page = viewer.page("/")
    assert "87.5 %" in page  # 1 - 1/8
    assert "50.0 %" in page  # 1 - (1 + 2 + .01 + .99)/8
    cells = re.findall(r'data-label="[^"]+">([+=]? ?\$[0-9.]+)<', page)
    parts = ["$1.00", "+ $2.00", "+ $0.01", "+ $0.99", "+ $0.00", "= $4.00", "$8.00"]
    assert cells[: len(parts)] == parts
    assert "costs more than it saves" not in page


def test_overview_shows_a_net_loss_as_one(connection: Connection, viewer: Any) -> None:
    add_rollup(
        connection, "simple", 9, cost_usd=1.0, cost_top_tier_usd=8.0, classifier_cost_usd=9.0
    )
    page = viewer.page("/")
    assert "-25.0 %" in page  # 1 - 10/8
    assert "costs more than it saves" in page


def test_overview_says_whose_price_is_not_known(
    connection: Connection, config: Config, viewer: Any
) -> None:
    add_rollup(connection, "simple", 9, cost_usd=1.0, cost_top_tier_usd=8.0)
    assert "No price is known" not in viewer.page("/")
    unknown = replace(config, price_origins={"evaluation.judge": "unknown"})
    page = overview_page(connection, unknown, gateway_url="")
    assert page.unpriced == ("evaluation.judge",)


def test_overview_funnel_says_when_it_does_not_sum(
    connection: Connection, config: Config, viewer: Any
) -> None:
    add_rollup(connection, "simple", 5, sampled=3, dropped=1)
    add_pair(connection, 1)
    page = overview_page(connection, config, gateway_url="")
    assert (page.funnel.captured, page.funnel.judged, page.funnel.pending) == (3, 1, 1)
    assert page.funnel.sums
    assert ">sums<" in viewer.page("/")

    add_pair(connection, 2)
    add_pair(connection, 3)
    assert "does not sum" in viewer.page("/")


def test_alert_shows_evidence_and_takes_the_next_step(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    worst = str(uuid.uuid4())
    alert_id = add_alert(
        connection,
        evidence={
            "estimate": estimate(0.31),
            "whole_stream": estimate(0.1),
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
        attribution={"cause": "model", "sentence": "The tier fails 47 probes."},
    )
    proposal_id = add_proposal(connection, alert_id=alert_id)
    reviewer = logged_in("reviewer")

    page = reviewer.page(f"/alerts/{alert_id}")
    assert "31.0 %" in page
    assert f"/pairs/{worst}" in page
    assert "0.930" in page
    assert "first outcome" in page
    assert "The tier fails 47 probes." in page
    for said in ("webhook 1", "status 500", ">failed<"):
        assert said in page, said
    assert f"/proposals/{proposal_id}" in page
    path = f"/alerts/{alert_id}"
    assert reviewer.send(f"{path}/acknowledge", form_on=path).status_code == 302
    assert "is acknowledged" in reviewer.page(path)
    assert reviewer.send(f"{path}/resolve", form_on=path).status_code == 302
    assert "resolved by reviewer" in reviewer.page(path)

    again = reviewer.send(f"{path}/resolve", form_on="/")
    assert again.status_code == 409
    assert f"Alert {alert_id} is resolved already, by reviewer." in again.text


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
    page = pages.alert_page(connection, alert_id)
    assert page is not None
    asked = "Which one? " + "x" * 148 + "…"
    assert page.worst == (
        pages.WorstPair(pair_id, 1, 0.9, asked, "both say four"),
        pages.WorstPair(gone, 2, 0.8),
        pages.WorstPair("no id", 3, 0.7),
    )
    assert asked in viewer.page(f"/alerts/{alert_id}")
    connection.exec_driver_sql("delete from exchange_texts")
    page = pages.alert_page(connection, alert_id)
    assert page is not None
    assert page.worst[0].asked == ""


def test_overview_tells_proposals_to_decide_from_those_under_way(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_proposal(connection)
    add_proposal(connection, tier="standard", state="rolling_out")
    page = viewer.page("/")
    assert "1 proposal waits for a decision." in page
    assert "1 approved proposal is being introduced." in page


def test_viewers_may_not_move_alerts(connection: Connection, viewer: Any) -> None:
    alert_id = add_alert(connection)
    page = viewer.page(f"/alerts/{alert_id}")
    assert "need the role reviewer" in page
    assert "/acknowledge" not in page
    response = viewer.send(f"/alerts/{alert_id}/acknowledge", form_on="/")
    assert response.status_code == 403
    assert "this needs the role reviewer; viewer has the role viewer" in response.text
    assert connection.execute(select(AlertRow.state)).scalar_one() == "open"


def test_proposal_says_what_is_needed_to_decide(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    page = approver.page(f"/proposals/{proposal_id}")
    for said in ("Certified.", "3.1 %", "+12.5 %", "5.0 %", "2.0 to 20.0 %", "4.8 %", "proposed"):
        assert said in page, said
    assert "Made against" not in page


def test_uncertified_proposal_says_so_plainly(
    connection: Connection, approver: Any, policy: None
) -> None:
    add_policy(connection, 2)
    connection.exec_driver_sql("update active_policy set stable_version = 2")
    above = estimate(0.3) | {"low": 0.2, "high": 0.4}
    proposal_id = add_proposal(
        connection, certified=False, predicted={"misroute": above, "cost_change": {}}
    )
    page = approver.page(f"/proposals/{proposal_id}")
    assert "Not certified." in page
    assert "stays above the tolerated 5.0 %" in page
    assert "Made against policy 1; policy 2 is in force since." in page
    assert "not certified" in approver.page("/proposals")


def test_approval_needs_a_reason_and_is_audited(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    path = f"/proposals/{proposal_id}"
    refused = approver.send(f"{path}/approve", form_on=path, why="  ")
    assert refused.status_code == 400
    assert "A reason is required" in refused.text

    sent = approver.send(f"{path}/approve", form_on=path, why=f"\x00{HOSTILE}")
    assert sent.headers["Location"] == path
    page = approver.page(path)
    assert f"Proposal {proposal_id} is approved." in page
    assert "rolling out" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    line = connection.execute(select(AuditRow).where(AuditRow.action == "proposal.approved")).one()
    assert line.actor == "approver"


def test_the_second_decision_is_told_who_was_first(
    connection: Connection, approver: Any, logged_in: Callable[[str], Any], policy: None
) -> None:
    proposal_id = add_proposal(connection)
    path = f"/proposals/{proposal_id}"
    admin = logged_in("admin")
    assert approver.send(f"{path}/reject", form_on=path, why="too dear").status_code == 302

    late = admin.send(f"{path}/approve", form_on="/", why="looks good")
    assert late.status_code == 409
    assert f"Proposal {proposal_id} is rejected already, by approver." in late.text
    assert "too dear" in late.text
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "rejected"


def test_viewers_may_not_decide(connection: Connection, viewer: Any, policy: None) -> None:
    proposal_id = add_proposal(connection)
    assert "needs the role approver" in viewer.page(f"/proposals/{proposal_id}")
    path = f"/proposals/{proposal_id}/approve"
    assert viewer.send(path, form_on="/", why="please").status_code == 403
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"


def test_decisions_without_the_csrf_token_are_refused(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    response = approver.client.post(f"/proposals/{proposal_id}/approve", data={"why": "forged"})
    assert response.status_code == 400
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"


def test_rollback_puts_an_earlier_policy_in_force(connection: Connection, approver: Any) -> None:
    add_policy(connection, 1, simple=0.6)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    assert "Roll back to this" in approver.page("/policies")

    assert approver.send("/policies/1/rollback", form_on="/policies", why="").status_code == 400
    sent = approver.send("/policies/1/rollback", form_on="/policies", why="worse answers")
    assert sent.status_code == 302
    page = approver.page("/policies")
    assert "Policy 3 is in force, with the thresholds of policy 1." in page
    assert "back to policy 1: worse answers" in page
    again = approver.send("/policies/3/rollback", form_on="/policies", why="x")
    assert again.status_code == 409
    assert "Policy 3 is in force already." in again.text


def test_pairs_are_filtered_and_other_words_refused(connection: Connection, viewer: Any) -> None:
    misroute = add_pair(connection, 1, "alternative")
    tie = add_pair(connection, 2, "tie")

    page = viewer.page("/pairs?verdict=alternative&tier=&stage=judged&direction=up")
    assert str(misroute) in page
    assert str(tie) not in page
    refused = viewer.get("/pairs?verdict=nonsense")
    assert refused.status_code == 400
    assert "verdict: accepted are served, alternative, tie" in refused.text


def test_lists_lead_to_older_lines(
    connection: Connection, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reading.PAGE + 1):
        add_exchange(connection, number)
        add_audit_line(connection, f"pair/{number}")
    page = viewer.page("/pairs?tier=simple")
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "tier=simple" in link
    assert viewer.page(link).count("<tr>") == 2  # the head and the oldest pair
    assert 'rel="next"' not in viewer.page(link)
    link = viewer.page("/audit").split('rel="next" href="')[1].split('"')[0]
    assert "user.added" in viewer.page(link)


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "٣", "9" * 30, "'; drop table"])
def test_ids_to_page_from_that_are_none(viewer: Any, before: str) -> None:
    for path in ("/alerts", "/audit", "/pairs"):
        response = viewer.client.get(path, query_string={"before": before})
        assert response.status_code == 400, path
        assert "before: accepted is the id" in response.text


def test_pair_shows_hostile_and_right_to_left_text_as_text(
    connection: Connection, viewer: Any
) -> None:
    pair_id = add_exchange(
        connection,
        1,
        question=HOSTILE,
        answer={"role": HOSTILE, "content": "\u0634\u0643\u0631\u0627 \u202e" + HOSTILE},
        session=HOSTILE,
        model=HOSTILE,
        reason=HOSTILE,
    )
    add_shadow(connection, pair_id, HOSTILE)
    add_failure(connection, pair_id, HOSTILE)
    add_alert(connection, summary=HOSTILE, segment=HOSTILE, evidence={HOSTILE: HOSTILE})
    add_audit_line(connection, HOSTILE, why=HOSTILE)
    add_proposal(
        connection, tier=HOSTILE, state="rejected", decided_by=HOSTILE, decided_why=HOSTILE
    )
    alert_id = connection.execute(select(AlertRow.id)).scalar_one()
    proposal_id = connection.execute(select(ProposalRow.id)).scalar_one()
    paths = ["/", "/alerts", "/proposals", "/pairs", "/audit", "/judge", f"/pairs/{pair_id}"]
    for path in [*paths, f"/alerts/{alert_id}", f"/proposals/{proposal_id}"]:
        page = viewer.page(path)
        assert "<script" not in page, path
        assert "<img" not in page, path
    assert '<pre class="text" dir="auto">&lt;script' in viewer.page(f"/pairs/{pair_id}")


def test_long_answers_are_cut_with_the_whole_one_click_away(
    connection: Connection, viewer: Any
) -> None:
    pair_id = add_exchange(connection, 1, answer={"role": "assistant", "content": "é" * 200_000})
    page = viewer.page(f"/pairs/{pair_id}")
    assert "6,000 of 200,000 characters are shown" in page
    assert len(page) < 20_000
    whole = viewer.get(f"/pairs/{pair_id}/text/served")
    assert whole.text == "é" * 200_000
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert viewer.get(f"/pairs/{pair_id}/text/request").text == "[user]\nWhat is 2 + 2?"
    assert viewer.get(f"/pairs/{pair_id}/text/alternative").status_code == 404


def test_expired_texts_are_said_to_be_gone(connection: Connection, viewer: Any) -> None:
    pair_id = add_pair(connection, 1)
    connection.exec_driver_sql("delete from exchange_texts")
    connection.exec_driver_sql("delete from alternative_texts")
    assert viewer.page(f"/pairs/{pair_id}").count("The text is gone") == 3


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
    assert "tierwatch_database_up 0.0" in viewer.get("/metrics").text


def test_pages_run_without_scripts_or_inline_styles(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_alert(connection)
    for number in range(40):
        add_outcome(connection, number, 0.0)
    for path in ("/", "/alerts", "/pairs", "/policies", "/judge", "/password"):
        page = viewer.page(path)
        for forbidden in ("<script", "style=", "<style", " onclick", "javascript:", "http-equiv"):
            assert forbidden not in page, (path, forbidden)
    with viewer.get("/static/tierwatch.css") as css:
        assert css.status_code == 200
        assert "prefers-color-scheme: dark" in css.text
