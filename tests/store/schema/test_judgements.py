"""Losses are shares, positions are one order, a person speaks once."""

from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.judgements import LabelRow


def refused(connection: Connection, put_it: Any, match: str) -> None:
    with pytest.raises(IntegrityError, match=match), connection.begin_nested():
        put_it()


@pytest.mark.parametrize("loss", [-0.001, 1.001, float("nan")])
def test_a_loss_is_a_share(connection: Connection, loss: float) -> None:
    refused(connection, lambda: put.add_outcome(connection, 1, loss), "ck_outcomes_loss")


@pytest.mark.parametrize("loss", [0.0, 0.5, 1.0])
def test_whole_and_half_losses_are(connection: Connection, loss: float) -> None:
    put.add_outcome(connection, 1, loss)


def test_observations_are_shared_by_a_conversation(connection: Connection) -> None:
    for position in (1, 2):
        put.add_outcome(connection, position, 0.0, position=position, observation=1)


def test_a_judge_version_has_one_outcome_of_a_pair(connection: Connection) -> None:
    pair = put.add_exchange(connection, 1)
    put.add_outcome(connection, 1, 0.0, exchange_id=pair)
    put.add_outcome(connection, 1, 0.0, exchange_id=pair, judge_version="other")
    refused(
        connection,
        lambda: put.add_outcome(connection, 1, 1.0, exchange_id=pair),
        "uq_outcomes_exchange_id_judge_version",
    )


@pytest.mark.parametrize("preferred", ["first", "", "SERVED"])
def test_a_label_is_one_of_three_words(connection: Connection, preferred: str) -> None:
    pair = put.add_exchange(connection, 1)
    label = insert(LabelRow).values(
        exchange_id=pair, reviewer="ada", preferred=preferred, shown_first="served", note=""
    )
    refused(connection, lambda: connection.execute(label), "ck_labels_preferred")
