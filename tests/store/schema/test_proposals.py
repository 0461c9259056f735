"""One open alert a cause, one undecided proposal a segment, each test of a threshold once."""

from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.proposals import RetuneRow


def test_an_alert_has_one_of_three_states(connection: Connection) -> None:
    for state in ("open", "acknowledged", "resolved"):
        put.add_alert(connection, state=state)
    with pytest.raises(IntegrityError, match="ck_alerts_state"), connection.begin_nested():
        put.add_alert(connection, state="snoozed")


@pytest.mark.parametrize("state", ["open", "acknowledged"])
def test_a_cause_has_one_alert_that_is_not_resolved(connection: Connection, state: str) -> None:
    put.add_alert(connection, cause="c", state="resolved")
    put.add_alert(connection, cause="c", state=state)
    put.add_alert(connection, cause="c", state="resolved")
    with pytest.raises(IntegrityError, match="uq_alerts_open_cause"), connection.begin_nested():
        put.add_alert(connection, cause="c")


@pytest.mark.parametrize("state", ["open", "approved", "rolling_out"])
def test_a_segment_has_one_undecided_proposal(connection: Connection, state: str) -> None:
    for over in ("rejected", "active", "rolled_back", "expired"):
        put.add_proposal(connection, state=over)
    put.add_proposal(connection, state=state)
    put.add_proposal(connection, task_type="sql")
    put.add_proposal(connection, tier="standard")
    with (
        pytest.raises(IntegrityError, match="uq_proposals_undecided_tier"),
        connection.begin_nested(),
    ):
        put.add_proposal(connection)


def test_a_proposal_is_about_a_threshold_unless_it_says_more(connection: Connection) -> None:
    put.add_proposal(connection)
    kind = connection.execute(text("select kind from proposals")).scalar_one()
    assert kind == "threshold"
    with pytest.raises(IntegrityError, match="ck_proposals_state"), connection.begin_nested():
        put.add_proposal(connection, tier="standard", state="maybe")


def test_a_test_is_numbered_within_its_segment(connection: Connection) -> None:
    columns: dict[str, Any] = {
        "tier": "simple",
        "task_type": "all",
        "k": 1,
        "delta": 0.025,
        "first_outcome": 1,
        "last_outcome": 9,
        "pairs": 9,
        "result": {},
    }
    for change in ({}, {"k": 2}, {"task_type": "sql"}, {"tier": "standard"}):
        connection.execute(insert(RetuneRow).values(columns | change))
    # The k-th test has the k-th part of the error budget: a second one would spend it twice.
    with pytest.raises(IntegrityError, match="uq_retunes"), connection.begin_nested():
        connection.execute(insert(RetuneRow).values(columns))
