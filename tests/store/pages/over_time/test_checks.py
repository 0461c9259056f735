import datetime as dt

from factories.rows import JUDGE, NOW, add_anchors
from sqlalchemy import Connection, text

from tierwatch.store.pages.over_time.checks import CheckRun, check_runs

DAY = dt.timedelta(days=1)


def test_runs_with_what_was_right_oldest_first(connection: Connection) -> None:
    first, second = add_anchors(connection, 90, 100), add_anchors(connection, 40, 50)
    for run, days in ((first, 0), (second, 1)):
        connection.execute(
            text("update evalset_runs set started_at = :at where id = :id"),
            {"at": NOW + days * DAY, "id": run},
        )
    assert check_runs(connection, NOW, NOW + 2 * DAY) == (
        CheckRun(NOW, "anchors", JUDGE, JUDGE, 100, 90),
        CheckRun(NOW + DAY, "anchors", JUDGE, JUDGE, 50, 40),
    )
    assert [one.items for one in check_runs(connection, NOW + DAY, NOW + 2 * DAY)] == [50]
    assert check_runs(connection, NOW + 2 * DAY, NOW + 3 * DAY) == ()


def test_a_run_that_goes_on_or_answered_nothing_is_no_point(connection: Connection) -> None:
    going_on = add_anchors(connection, 1, 1)
    add_anchors(connection, 0, 1, wrong=None)
    connection.execute(
        text("update evalset_runs set ended_at = null where id = :id"), {"id": going_on}
    )
    assert check_runs(connection, NOW, NOW + DAY) == ()


def test_two_runs_of_one_moment_are_one_point_of_their_subject(connection: Connection) -> None:
    add_anchors(connection, 1, 2)
    add_anchors(connection, 2, 2)
    add_anchors(connection, 1, 4, judge="another")
    found = check_runs(connection, NOW, NOW + DAY)
    assert {one.subject: one.good / one.items for one in found} == {JUDGE: 1.0, "another": 0.25}
