"""Cells of confidence: a conversation is one, weights are 1 / pi, other models' stay out."""

import factories.rows as put
from sqlalchemy import Connection, insert, select, update

from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.store.judgements.cells import loss_cells
from tierwatch.store.schema.judgements import OutcomeRow
from tierwatch.store.schema.learned import ModelRow
from tierwatch.store.schema.policies import PolicyRow

Cells = dict[str, Cell]


def cells(connection: Connection, first: int, **changes: object) -> tuple[Cells, Cells]:
    wanted = {"task_type": "*", "judge_version": put.JUDGE, "first_outcome": first} | changes
    return loss_cells(connection, "simple", **wanted)  # type: ignore[arg-type] # keywords of one test


def newest_id(connection: Connection) -> int:
    return (
        connection.execute(select(OutcomeRow.id).order_by(OutcomeRow.id.desc())).scalars().first()
    )


def second_model(connection: Connection) -> None:
    """Policies 1 and 2, of which the second one has a learned classifier at simple."""
    put.add_policy(connection, 1)
    put.add_policy(connection, 2)
    connection.execute(update(PolicyRow).where(PolicyRow.version == 2).values(classifier=1))
    connection.execute(insert(ModelRow).values(version=1, boundary="simple", artefact_id=9))


def test_without_pairs_there_are_no_cells(connection: Connection) -> None:
    assert cells(connection, 1) == ({}, {})


def test_windows_meet_at_the_outcome_that_was_named(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, confidence=0.91)
    put.add_outcome(connection, 2, 0.0, confidence=0.99)
    first = newest_id(connection)
    before, after = cells(connection, first)
    assert before == {"simple/all/0.9-1.0": Cell(1, 1.0, 1.0, 1.0)}
    assert after == {"simple/all/0.9-1.0": Cell(1, 1.0, 1.0, 0.0)}


def test_the_last_tenth_has_both_its_ends(connection: Connection) -> None:
    for number, confidence in enumerate((0.0, 0.0999, 0.1, 0.9, 1.0)):
        put.add_outcome(connection, number, 0.0, confidence=confidence)
    _, after = cells(connection, 0)
    assert {name: cell.n for name, cell in after.items()} == {
        "simple/all/0.0-0.1": 2,
        "simple/all/0.1-0.2": 1,
        "simple/all/0.9-1.0": 2,
    }


def test_a_conversation_is_one_pair_with_its_mean_loss(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, session="talk", pi=0.5)
    put.add_outcome(connection, 2, 0.0, session="talk", pi=0.25)
    put.add_outcome(connection, 3, 0.5, session="other")
    _, after = cells(connection, 0)
    # The talk weighs 2 + 4 = 6, of which 2 are lost; the other one 1, of which half is.
    assert after == {"simple/all/0.9-1.0": Cell(2, 7.0, 37.0, 2.5)}


def test_what_measured_something_else_is_left_out(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0)
    put.add_outcome(connection, 2, 1.0, direction="down")
    put.add_outcome(connection, 3, 1.0, judge_version="other")
    put.add_outcome(connection, 4, 1.0, tier="standard")
    _, after = cells(connection, 0)
    assert [cell.n for cell in after.values()] == [1]


def test_of_a_type_or_of_all(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, task_type="sql")
    put.add_outcome(connection, 2, 1.0, task_type="code")
    assert list(cells(connection, 0, task_type="sql")[1]) == ["simple/sql/0.9-1.0"]
    assert list(cells(connection, 0)[1]) == ["simple/code/0.9-1.0", "simple/sql/0.9-1.0"]


def test_of_the_first_window_only_the_newest(connection: Connection) -> None:
    for number in range(5):
        put.add_outcome(connection, number, float(number < 4))
    before, after = cells(connection, newest_id(connection) + 1, pairs=2)
    assert before == {"simple/all/0.9-1.0": Cell(2, 2.0, 2.0, 1.0)}
    assert after == {}


def test_tenths_of_another_classifier_hold_other_prompts(connection: Connection) -> None:
    second_model(connection)
    put.add_outcome(connection, 1, 1.0, policy_version=1)
    put.add_outcome(connection, 2, 0.0, policy_version=2)
    assert cells(connection, 0)[1]["simple/all/0.9-1.0"].weighted_loss == 1.0
    assert cells(connection, 0, artefact_id=9)[1]["simple/all/0.9-1.0"].weighted_loss == 0.0
