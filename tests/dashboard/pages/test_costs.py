import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import NOW, add_rollup
from flask import Flask
from sqlalchemy import Connection

from tierwatch.dashboard.pages.costs import day_line, spend_by_day, total_costs
from tierwatch.store.pages.costs import CostDay


@pytest.fixture
def today(clock: Any) -> None:
    clock.now = (NOW + dt.timedelta(hours=1)).timestamp()


def day(**changes: float) -> CostDay:
    parts = dict.fromkeys(
        ("serving_usd", "classifier_usd", "shadow_usd", "judge_usd", "checks_usd"), 0.0
    )
    return CostDay(day=NOW.date(), requests=1, **({"top_tier_usd": 0.0} | parts | changes))


def test_what_is_saved_is_net_of_everything() -> None:
    watching = day(shadow_usd=2, judge_usd=1.5, checks_usd=0.5)
    line = day_line(replace(watching, serving_usd=4, classifier_usd=1, top_tier_usd=10))
    assert (line.evaluation_usd, line.net_usd, line.net_share) == (4.0, 1.0, pytest.approx(0.1))
    assert day_line(day(judge_usd=1)).net_share is None
    assert total_costs([day(judge_usd=1), day(judge_usd=2)]).judge_usd == 3


def test_the_page_says_what_was_spent_and_saved(
    connection: Connection, logged_in: Any, today: None
) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    viewer = logged_in("viewer")
    page = viewer.page("/costs")
    assert "$1.00 were spent on 60 requests; the top tier alone would have cost $4.00." in page
    assert "Net saving $3.00" in page
    assert "2026-11-23" in page
    assert "e-05" not in page
    assert "Nothing was served or evaluated in this time." in viewer.page("/costs?from=-30m")
    assert "60 requests" in viewer.page("/costs?from=2026-11-23T00:00:00Z&to=2026-11-24")


def test_a_loss_is_said_as_one(connection: Connection, logged_in: Any, today: None) -> None:
    add_rollup(connection, "simple", 60, cost_usd=5.0, cost_top_tier_usd=4.0)
    page = logged_in("viewer").page("/costs")
    assert "Routing and watching cost $1.00 more than they saved" in page


@pytest.mark.parametrize("query", ["from=x", "from=-1h&to=-2h", "to=yesterday"])
def test_a_bad_range_is_answered_on_the_page_and_what_was_typed_stays_out_of_it(
    viewer: Any, app: Flask, query: str
) -> None:
    response = viewer.get(f"/costs?{query}")
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert "What more evidence costs" in response.text


def test_days_as_a_chart_oldest_first() -> None:
    newest = replace(day(serving_usd=2.0, judge_usd=1.0), day=NOW.date() + dt.timedelta(days=1))
    chart = spend_by_day([newest, day(serving_usd=5.0)])
    assert [row.at[:10] for row in chart.rows] == ["2026-11-24", "2026-11-23"]
    assert chart.series[0].values == (5.0, 2.0)
    assert chart.series[3].values == (0.0, 1.0)
    start, end = chart.shown
    assert (start, end - start) == (dt.datetime(2026, 11, 23, tzinfo=dt.UTC).timestamp(), 172_800)
    assert spend_by_day([]).empty


def test_the_page_has_the_chart_and_the_picker(
    connection: Connection, logged_in: Any, today: None
) -> None:
    add_rollup(connection, "simple", 60)
    page = logged_in("viewer").page("/costs?from=-7d")
    assert "Spend by day" in page
    assert 'aria-current="true">7 d</a>' in page
