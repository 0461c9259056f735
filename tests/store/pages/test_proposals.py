from factories.rows import (
    add_alert,
    add_proposal,
)
from sqlalchemy import Connection

from tierwatch.store.pages.lines import PAGE
from tierwatch.store.pages.overview import open_counts
from tierwatch.store.pages.proposals import proposals
from tierwatch.store.proposals import load_proposal


def test_proposals_by_state_and_by_alert(connection: Connection) -> None:
    alert_id = add_alert(connection)
    old = add_proposal(connection, state="rejected", alert_id=alert_id)
    rolling = add_proposal(connection, state="rolling_out")
    still_open = add_proposal(connection, tier="standard")

    def found(**wanted: object) -> list[int]:
        return [p.id for p in proposals(connection, **wanted)]  # type: ignore[arg-type] # one caller, two keywords

    assert found() == [still_open, rolling, old]
    assert found(undecided=True) == [still_open, rolling]
    assert found(alert_id=alert_id) == [old]
    assert found(before=rolling) == [old]
    assert open_counts(connection)["proposals"] == 1


def test_without_proposals_the_list_is_empty(connection: Connection) -> None:
    assert proposals(connection) == []
    add_proposal(connection, state="expired")
    assert proposals(connection, undecided=True) == []
    assert proposals(connection, alert_id=1) == []


def test_a_proposal_in_a_list_is_the_proposal(connection: Connection) -> None:
    proposal_id = add_proposal(connection)
    assert proposals(connection) == [load_proposal(connection, proposal_id)]


def test_a_page_of_proposals_is_followed_by_the_next(connection: Connection) -> None:
    ids = [add_proposal(connection, state="rejected") for _ in range(PAGE + 2)]
    first = proposals(connection)
    assert [p.id for p in first] == ids[:1:-1]
    assert [p.id for p in proposals(connection, before=first[-1].id)] == ids[1::-1]


def test_every_condition_narrows(connection: Connection) -> None:
    alert_id = add_alert(connection)
    add_proposal(connection, state="rejected", alert_id=alert_id)
    mine = add_proposal(connection, alert_id=alert_id)
    add_proposal(connection, tier="standard")
    found = proposals(connection, undecided=True, alert_id=alert_id)
    assert [p.id for p in found] == [mine]
    assert proposals(connection, undecided=True, alert_id=alert_id, before=mine) == []
