"""A tier has one trial that runs, a trial one pair of each conversation, and ends are of a kind."""

import uuid
from typing import Any

import pytest
from factories.trials import new_trial
from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.proposals import ModelTrialPairRow, ModelTrialRow
from tierwatch.store.trials.model_trials import add_trial


def pair(**changes: Any) -> dict[str, Any]:
    return {
        "trial_id": 1,
        "exchange_id": uuid.uuid4(),
        "session": "talk",
        "task_type": "all",
        "weight": 1.0,
        "served_usd": 0.0,
    } | changes


def refused(connection: Connection, statement: Any, match: str) -> None:
    with pytest.raises(IntegrityError, match=match), connection.begin_nested():
        connection.execute(statement)


def test_a_conversation_counts_once(connection: Connection) -> None:
    connection.execute(insert(ModelTrialPairRow).values(pair()))
    refused(connection, insert(ModelTrialPairRow).values(pair()), "session")
    connection.execute(insert(ModelTrialPairRow).values(pair(trial_id=2)))


def test_a_result_and_an_end_are_of_a_kind(connection: Connection) -> None:
    refused(connection, insert(ModelTrialPairRow).values(pair(result="nice")), "result")
    assert add_trial(connection, new_trial()) is not None
    refused(connection, update(ModelTrialRow).values(state="over"), "state")
    connection.execute(update(ModelTrialRow).values(state="undecided"))
    assert add_trial(connection, new_trial()) is not None
