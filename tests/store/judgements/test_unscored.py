"""Unscored verdicts by task type and reason, beside the verdicts that were given."""

from factories.rows import JUDGE, add_exchange, add_outcome, add_verdict
from sqlalchemy import Connection

from tierwatch.store.judgements.unscored import UnscoredTask, unscored_tasks


def unscored(connection: Connection, number: int, task: str, why: str, judge: str = JUDGE) -> None:
    exchange_id = add_exchange(connection, number, task_type=task)
    add_verdict(connection, exchange_id, None, unscored_why=why, judge_version=judge)


def test_nothing_is_unscored_before_there_are_verdicts(connection: Connection) -> None:
    assert unscored_tasks(connection) == []


def test_task_types_come_by_their_share_with_their_reasons(connection: Connection) -> None:
    for number in range(8):
        add_outcome(connection, number, 0.0, task_type="coding" if number < 2 else "chat")
    add_outcome(connection, 8, 1.0, task_type="summary")  # nothing of it is unscored
    unscored(connection, 20, "coding", "unreadable: served_first, 2 times. No JSON.")
    unscored(connection, 21, "coding", "too_long: served_first, the model refused 3 prompts.")
    unscored(connection, 22, "coding", "too_long: alternative_first, the model refused.")
    unscored(connection, 23, "chat", "not_recorded: no verdict on this pair.")
    assert unscored_tasks(connection) == [
        UnscoredTask(JUDGE, "coding", 5, 3, {"too_long": 2, "unreadable": 1}),
        UnscoredTask(JUDGE, "chat", 7, 1, {"not_recorded": 1}),
    ]
    assert unscored_tasks(connection)[0].share == 0.6


def test_what_earlier_versions_wrote_is_unreadable(connection: Connection) -> None:
    for number, why in enumerate(
        ("served_first: unreadable 2 times. The verdict is 'C'.", "Unreadable: x", "", "a: b: c")
    ):
        unscored(connection, number, "chat", why)
    [task] = unscored_tasks(connection)
    assert task.reasons == {"unreadable": 3, "a": 1}


def test_each_judge_stands_for_itself(connection: Connection) -> None:
    add_outcome(connection, 1, 0.0, task_type="chat")
    unscored(connection, 2, "chat", "unreadable: x")
    unscored(connection, 3, "chat", "unreadable: x", judge="another")
    found = {task.judge_version: task.verdicts for task in unscored_tasks(connection)}
    assert found == {JUDGE: 2, "another": 1}
    assert [one.judge_version for one in unscored_tasks(connection, "another")] == ["another"]
    assert unscored_tasks(connection, "a third") == []
