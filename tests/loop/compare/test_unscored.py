"""A share of unscored verdicts is reported where it exceeds 2 %, and where there are enough."""

import pytest
from factories.rows import JUDGE, add_exchange, add_outcome, add_verdict
from sqlalchemy import Connection

from tierwatch.loop.compare.unscored import unscored_reports


def judged(connection: Connection, task: str, scored: int, unscored: int, *, start: int) -> None:
    for number in range(start, start + scored):
        add_outcome(connection, number, 0.0, task_type=task)
    for number in range(start + scored, start + scored + unscored):
        exchange_id = add_exchange(connection, number, task_type=task)
        add_verdict(connection, exchange_id, None, unscored_why="too_long: x")


@pytest.mark.parametrize(
    ("scored", "unscored", "reported"),
    [
        (98, 2, False),  # 2 % itself
        (97, 3, True),
        (28, 1, False),  # 3.4 % of 29
        (29, 1, True),
        (0, 30, True),
        (50, 0, False),
    ],
)
def test_what_exceeds_two_percent_is_reported(
    connection: Connection,
    scored: int,
    unscored: int,
    reported: bool,  # noqa: FBT001 - a case
) -> None:
    judged(connection, "coding", scored, unscored, start=0)
    found = unscored_reports(connection, JUDGE, min_pairs=30)
    assert bool(found) == reported
    if reported:
        assert found == [
            {
                "task_type": "coding",
                "verdicts": scored + unscored,
                "unscored": unscored,
                "share": pytest.approx(unscored / (scored + unscored)),
                "reasons": {"too_long": unscored},
            }
        ]


def test_the_largest_share_comes_first_and_other_judges_do_not_count(
    connection: Connection,
) -> None:
    judged(connection, "chat", 10, 1, start=0)
    judged(connection, "coding", 10, 5, start=100)
    found = unscored_reports(connection, JUDGE, min_pairs=1)
    assert [task["task_type"] for task in found] == ["coding", "chat"]
    assert unscored_reports(connection, "another", min_pairs=1) == []
    assert unscored_reports(connection, "", min_pairs=1) == []
