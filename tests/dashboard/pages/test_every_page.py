import datetime as dt
from typing import Any

import pytest
from factories.rows import (
    add_alert,
    add_audit_line,
    add_exchange,
    add_outcome,
    add_pair,
    add_policy,
    add_proposal,
    put_in_force,
)
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.forms.alert_filter import AskedAlerts
from tierwatch.dashboard.lists.pair_query import PairQuery
from tierwatch.dashboard.pages.alerts.alert import alert_page
from tierwatch.dashboard.pages.alerts.alerts import alerts_page
from tierwatch.dashboard.pages.audit import audit_page
from tierwatch.dashboard.pages.judge import judge_page
from tierwatch.dashboard.pages.overview.overview import overview_page
from tierwatch.dashboard.pages.pairs.pair import pair_page
from tierwatch.dashboard.pages.pairs.pairs import pairs_page
from tierwatch.dashboard.pages.pairs.review import review_page
from tierwatch.dashboard.pages.policies import policies_page
from tierwatch.dashboard.pages.proposals.proposal import proposal_page
from tierwatch.dashboard.pages.proposals.proposals import proposals_page
from tierwatch.dashboard.time_range import read_range
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair_filter import PairFilter


def test_templates_receive_their_page_and_nothing_else(
    connection: Connection, config: Config, viewer: Any, clock: Any, rendered: list[Any]
) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)
    alert_id, proposal_id = add_alert(connection), add_proposal(connection)
    pair_id = add_pair(connection, 1)
    moment = dt.datetime.fromtimestamp(clock(), dt.UTC)
    ever = read_range("all", "", moment)
    nothing = PairQuery(PairFilter(), "newest", {}, (), ever)
    expected = {
        "/": overview_page(
            connection,
            config,
            read_range("-7d", "", moment),
            gateway_url="http://gateway.example",
        ),
        "/alerts": alerts_page(connection, AskedAlerts(range=ever), moment),
        f"/alerts/{alert_id}": alert_page(connection, alert_id, moment),
        "/proposals": proposals_page(connection, None),
        f"/proposals/{proposal_id}": proposal_page(connection, proposal_id, config),
        "/pairs": pairs_page(connection, config.serving, nothing, None),
        f"/pairs/{pair_id}": pair_page(connection, pair_id),
        "/review": review_page(connection, None),
        "/policies": policies_page(connection, config, None, moment),
        "/audit": audit_page(connection, None),
        "/judge": judge_page(connection, config, read_range("-30d", "", moment)),
    }
    for path, page in expected.items():
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
    assert "No alert has been opened yet" in viewer.page("/alerts")
    assert "No threshold change has been proposed yet" in viewer.page("/proposals")
    assert "No pairs match" in viewer.page("/pairs")
    assert "Nothing to review" in viewer.page("/review")
    assert "No pair has been judged yet" in viewer.page("/judge")
    assert "No policy is stored yet" in viewer.page("/policies")
    assert "user.added" in viewer.page("/audit")


def test_lists_lead_to_older_lines(
    connection: Connection, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(PAGE + 1):
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


def test_pages_have_no_inline_scripts_or_styles(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_alert(connection)
    for number in range(40):
        add_outcome(connection, number, 0.0)
    for path in ("/", "/alerts", "/pairs", "/policies", "/judge", "/password", "/sessions"):
        page = viewer.page(path)
        assert page.count("<script") == page.count('<script defer src="/static/') == 3
        for forbidden in ("style=", "<style", " onclick", "javascript:", "http-equiv"):
            assert forbidden not in page, (path, forbidden)
    with viewer.get("/static/tierwatch.css") as css:
        assert css.status_code == 200
        assert "prefers-color-scheme: dark" in css.text
