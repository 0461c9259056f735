"""A day's spent budget opens one alert."""

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.loop.watch.evaluation_budget import watch_budget


@pytest.mark.parametrize(("budget", "opened"), [(None, 0), (0.013, 0), (0.012, 1), (0.001, 1)])
def test_the_alert_opens_once_what_was_spent_reaches_the_budget(
    engine: Engine, budget: float | None, opened: int
) -> None:
    with engine.begin() as connection:
        put.add_pair(connection, 1)  # 0.01 of the shadow and 0.002 of the judge
        watch_budget(connection, budget)
        watch_budget(connection, budget)
    found = rows(engine, "select kind, cause, evidence from alerts")
    assert len(found) == opened
    for alert in found:
        assert alert.kind == "budget"
        assert alert.cause.startswith("budget:20")
        assert alert.evidence["budget_usd"] == budget


def test_a_day_that_a_person_is_done_with_is_not_raised_again(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_pair(connection, 1)
        watch_budget(connection, 0.001)
        connection.exec_driver_sql("update alerts set state = 'resolved'")
        watch_budget(connection, 0.001)
    assert len(rows(engine, "select * from alerts")) == 1


def test_a_day_without_spending_is_within_any_budget(engine: Engine) -> None:
    with engine.begin() as connection:
        watch_budget(connection, 0.01)
    assert rows(engine, "select * from alerts") == []
