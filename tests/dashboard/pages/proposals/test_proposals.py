from typing import Any

from factories.rows import add_proposal
from sqlalchemy import Connection

from tierwatch.dashboard.pages.proposals.proposals import proposals_page
from tierwatch.store.pages.lists import PAGE


def test_proposals_are_listed_with_what_they_promise(connection: Connection, viewer: Any) -> None:
    raised = add_proposal(connection)
    lowered = add_proposal(
        connection, tier="standard", task_type="sql", direction="lower", from_threshold=0.8,
        to_threshold=0.7, certified=False, state="rolled_back",
    )  # fmt: skip
    page = viewer.page("/proposals")
    assert page.index(f"#{lowered} lower") < page.index(f"#{raised} raise")
    assert "standard · sql" in page
    assert "rolled back" in page
    assert "3.1 %" in page  # the predicted misroute rate
    assert "+12.5 %" in page  # and cost change
    assert page.count("not certified") == 1


def test_an_open_proposal_asks_and_is_no_alarm(connection: Connection, viewer: Any) -> None:
    add_proposal(connection)
    assert '<span class="state undecided">open</span>' in viewer.page("/proposals")


def test_a_full_page_leads_to_older_proposals(connection: Connection, viewer: Any) -> None:
    ids = [add_proposal(connection, state="expired") for _ in range(PAGE + 1)]
    assert proposals_page(connection, None).before == ids[1]
    assert [one.id for one in proposals_page(connection, ids[1]).proposals] == ids[:1]
    assert "There are no older proposals." in viewer.page(f"/proposals?before={ids[0]}")
