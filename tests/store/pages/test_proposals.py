from factories.rows import (
    add_alert,
    add_proposal,
)
from sqlalchemy import Connection

from tierwatch.store.pages.overview import open_counts
from tierwatch.store.pages.proposals import proposals


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
