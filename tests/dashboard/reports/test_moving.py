"""The pairs that a proposal moves: by type, and ten of them with what was asked."""

from typing import Any

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.dashboard.reports.moving import Moving, moving_of
from tierwatch.store.proposals import load_proposal


def moving(connection: Connection, **changes: Any) -> Moving:
    columns = {"to_threshold": 0.6, "direction": "lower", "evidence": {"last_outcome": 10**9}}
    proposal = load_proposal(connection, put.add_proposal(connection, **(columns | changes)))
    assert proposal is not None
    return moving_of(connection, proposal)


def add(connection: Connection, number: int, loss: float, **changes: Any) -> None:
    """A judged pair at 0.65 with its texts and its outcome."""
    asked = changes.pop("question", f"question {number}")
    exchange = put.add_exchange(connection, number, question=asked)
    put.add_outcome(
        connection, number, loss, **({"exchange_id": exchange, "confidence": 0.65} | changes)
    )


def test_at_most_half_of_the_examples_are_those_that_get_worse(connection: Connection) -> None:
    for number in range(1, 21):
        add(connection, number, float(number <= 8))
    found = moving(connection)
    assert [one.request for one in found.examples] == [8, 7, 6, 5, 4, 20, 19, 18, 17, 16]
    assert [one.worse for one in found.examples] == [True] * 5 + [False] * 5
    assert found.examples[0].asked == "question 8"
    (group,) = found.groups
    assert (group.name, group.worse, group.misroute.n, group.shown) == ("all", 8, 20, True)
    assert "one task type" in found.groups_say


def test_types_are_told_apart(connection: Connection) -> None:
    for number in range(1, 61):
        add(connection, number, float(number <= 15), task_type="sql" if number <= 30 else "chat")
    found = moving(connection)
    assert [(one.name, one.shown) for one in found.groups] == [("sql", True), ("chat", False)]
    assert "all 2 hold at once" in found.groups_say
    assert found.worse_types == "sql (50.0 % of 30 pairs)"


def test_a_pair_whose_text_is_gone_is_still_an_example(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, confidence=0.65)
    (one,) = moving(connection).examples
    assert (one.request, one.asked) == (1, "")


def test_what_was_asked_is_cut_to_a_line(connection: Connection) -> None:
    add(connection, 1, 0.0, question="two\nlines " + "x" * 1_000)
    (one,) = moving(connection).examples
    assert one.asked.startswith("two lines x")
    assert len(one.asked) == 160


def test_a_model_moves_no_threshold(connection: Connection) -> None:
    add(connection, 1, 0.0)
    assert moving(connection, kind="model", artefact_id=1, evidence={}) == Moving()
