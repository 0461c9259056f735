from typing import Any

from factories.rows import add_alert
from sqlalchemy import Connection

from tierwatch.store.incidents.record import LAST, Record, record_of


def resolved(connection: Connection, by: str, resolution: Any, **changes: Any) -> int:
    return add_alert(connection, state="resolved", resolved_by=by, resolution=resolution, **changes)


def test_the_last_that_ended_are_counted_by_why(connection: Connection) -> None:
    for reason in ("false_alarm", "fixed", "fixed"):
        resolved(connection, "ada", {"why": "x", "reason": reason})
    resolved(connection, "tierwatch", {"why": "recovered"})
    for odd in (None, {"why": "x"}, {"reason": 3}, [1]):
        resolved(connection, "ada", odd)
    add_alert(connection)
    resolved(connection, "ada", {"reason": "fixed"}, kind="budget")
    mine = resolved(connection, "ada", {"reason": "false_alarm"})
    assert record_of(connection, "misroute", without=mine) == Record(
        8, {"unsaid": 4, "fixed": 2, "by_itself": 1, "false_alarm": 1}
    )


def test_only_the_last_count(connection: Connection) -> None:
    resolved(connection, "ada", {"reason": "false_alarm"})
    for _ in range(LAST):
        resolved(connection, "ada", {"reason": "fixed"})
    assert record_of(connection, "misroute", without=0) == Record(LAST, {"fixed": LAST})
    assert record_of(connection, "past", without=0) == Record(0, {})
