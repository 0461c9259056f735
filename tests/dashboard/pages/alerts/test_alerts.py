from typing import Any

from factories.rows import add_alert
from sqlalchemy import Connection

from tierwatch.dashboard.pages.alerts.alerts import alerts_page
from tierwatch.store.pages.lists import PAGE


def test_alerts_are_listed_newest_first_with_what_happened(
    connection: Connection, viewer: Any
) -> None:
    first = add_alert(connection, summary="Answers became worse.", pairs=1_234)
    second = add_alert(connection, kind="budget", tier="", segment="all", state="resolved")
    page = viewer.page("/alerts")
    assert page.index(f"#{second} budget") < page.index(f"#{first} misroute")
    assert "Answers became worse." in page
    assert "1,234" in page
    assert 'class="state resolved"' in page


def test_a_full_page_leads_to_older_alerts_and_the_last_to_none(
    connection: Connection, viewer: Any
) -> None:
    ids = [add_alert(connection) for _ in range(PAGE)]
    page = alerts_page(connection, None)
    assert [one.id for one in page.alerts] == ids[::-1]
    # A list that is exactly full cannot know; the page after it says so.
    assert page.before == ids[0]
    assert "There are no older alerts." in viewer.page(f"/alerts?before={ids[0]}")
    assert alerts_page(connection, ids[1]).before is None
