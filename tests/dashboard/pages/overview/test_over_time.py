import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW, add_alert, add_outcome, add_rollup
from sqlalchemy import Connection

from tierwatch.dashboard.pages.overview.over_time import heat_map
from tierwatch.evaluation.rates.weighted import RateSums

DAY = dt.timedelta(days=1)


def sums(pairs: int, losses: float) -> RateSums:
    return RateSums(pairs, losses, float(pairs), losses, float(pairs))


def test_the_worst_task_types_come_first() -> None:
    cells = {
        ("simple", "fine"): sums(900, 2.0),
        ("simple", "broken"): sums(100, 60.0),
        ("standard", "broken"): sums(5, 5.0),
        ("standard", "doubtful"): sums(100, 11.0),
    }
    rows = heat_map(cells, ("simple", "standard"), {"simple": 0.05, "standard": 0.1}, 30)
    assert [row.task_type for row in rows] == ["broken", "doubtful", "fine"]
    states = {row.task_type: [cell.state for cell in row.cells] for row in rows}
    assert states == {"broken": ["above", ""], "doubtful": ["", "doubtful"], "fine": ["within", ""]}
    assert not rows[0].cells[1].rate.enough


def test_a_range_has_its_own_figures_and_its_links_carry_it(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    add_rollup(connection, "simple", 1_000, minute=NOW - 20 * DAY)
    for number in range(40):
        add_outcome(connection, number, float(number < 2), task_type="code")
        add_outcome(connection, 100 + number, 0.0, task_type="chat")
    page = viewer.page("/?from=2026-11-23T00:00:00Z&to=2026-11-24")
    assert "<dt>Requests</dt><dd>60</dd>" in page
    assert "<dt>Requests</dt><dd>1,060</dd>" in page  # since the beginning
    link = (
        "/pairs?tier=simple&amp;task_type=code&amp;direction=up"
        "&amp;from=2026-11-23T00:00:00Z&amp;to=2026-11-24"
    )
    assert link in page
    assert page.count('class="chart"') == 5
    assert "2.5 %" in page  # 2 of 80


def test_everything_begins_with_the_first_minute(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_rollup(connection, "simple", 60, minute=NOW - 20 * DAY)
    page = viewer.page("/?from=all")
    assert "2026-11-03 12:00:00 UTC" in page
    assert "2000-01-01" not in page


def test_the_period_before_stands_beside(connection: Connection, viewer: Any, policy: None) -> None:
    add_rollup(connection, "simple", 60)
    add_rollup(connection, "simple", 77, minute=NOW - DAY)
    assert "before: 77" in viewer.page("/?from=-24h&compare=before")
    assert "before:" not in viewer.page("/?from=-24h")
    assert "before:" not in viewer.page("/?from=all&compare=before")


def test_a_short_range_says_not_enough(connection: Connection, viewer: Any, policy: None) -> None:
    for number in range(12):
        add_outcome(connection, 3_000 + number, 1.0)
    page = viewer.page("/?from=-1h")
    assert "Not enough pairs in this time: 12 of 30." in page
    assert "12 of 30" in page
    assert "Nothing was served in this time." in page


def test_events_are_marked_with_links(connection: Connection, viewer: Any, policy: None) -> None:
    add_rollup(connection, "simple", 60)
    alert = add_alert(connection, segment="simple", opened_at=NOW)
    page = viewer.page("/")
    assert f'<a href="/alerts/{alert}">alert {alert}: misroute of simple</a>' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=-1h&to=-2h", "is not before to"),
        ("from=yesterday", "From: found"),
        ("from=-7d&to=never", "To: found"),
    ],
)
def test_a_bad_range_leaves_the_page_and_what_was_typed(
    viewer: Any, policy: None, query: str, said: str
) -> None:
    response = viewer.get(f"/?{query}&compare=before")
    assert response.status_code == 400
    assert said in response.text
    assert "Shown instead:" in response.text
    assert "<h1>Overview</h1>" in response.text
    for typed in (part.partition("=")[2] for part in query.split("&")):
        assert f'value="{typed}"' in response.text


def test_choosing_a_range_keeps_what_else_was_asked(viewer: Any, policy: None) -> None:
    page = viewer.page("/?from=-24h&compare=before")
    assert 'href="/?from=-1h&amp;compare=before"' in page
    assert 'aria-current="true">24 h</a>' in page


@pytest.mark.parametrize("query", ["from=-3000w", "from=1960-01-01", "from=-8000d&compare=before"])
def test_a_range_of_long_ago_is_all_there_is(viewer: Any, policy: None, query: str) -> None:
    for page in ("/", "/costs", "/judge", "/pairs"):
        assert viewer.get(f"{page}?{query}").status_code == 200, page


def test_no_word_of_the_query_leads_a_link_elsewhere(viewer: Any, policy: None) -> None:
    given = "endpoint=x&_method=POST&_external=1&_scheme=ftp&_anchor=y&a=1&a=2"
    for path in ("/", "/costs", "/judge"):
        page = viewer.page(f"{path}?{given}")
        assert f'href="{path}?endpoint=x&amp;_method=POST' in page
        assert "a=1&amp;a=2&amp;from=-7d" in page
        assert "ftp:" not in page
