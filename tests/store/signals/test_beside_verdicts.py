"""Columns of a signal beside losses: newest judged pairs, their weights and conversations."""

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.store.signals.beside_verdicts import beside_verdicts
from tierwatch.store.signals.follow_ups import add_follow_ups
from tierwatch.store.traffic.feedback import add_feedback


@pytest.mark.parametrize("kind", ["asked_again", "rated_down", "edited"])
def test_without_signals_there_are_no_columns(connection: Connection, kind: str) -> None:
    put.add_outcome(connection, 1, 1.0)
    seen = beside_verdicts(connection, put.JUDGE)[kind]
    assert (seen.signal, seen.losses, seen.weights, seen.conversations) == ([], [], [], [])


def test_a_pair_has_its_signal_loss_weight_and_conversation(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    put.add_outcome(connection, 1, 1.0, exchange_id=pair, pi=0.25, session="talk")
    add_follow_ups(connection, {pair: True})
    for score, extra in ((0.5, {"edited": "Yes"}), (0.0, {})):
        add_feedback(
            connection, request_id=pair, score=score, comment="", session=None, extra=extra
        )
    for kind, signal in (("asked_again", 1.0), ("rated_down", 0.75), ("edited", 1.0)):
        seen = beside_verdicts(connection, put.JUDGE)[kind]
        assert seen.signal == [pytest.approx(signal)]
        assert (seen.losses, seen.weights, seen.conversations) == ([1.0], [4.0], ["talk"])


@pytest.mark.parametrize(
    ("said", "edited"),
    [("yes", 1.0), ("true", 1.0), ("the last line", 1.0), ("No", 0.0), ("0", 0.0), ("", 0.0)],
)
def test_any_word_but_a_no_is_an_edit(connection: Connection, said: str, edited: float) -> None:
    pair = put.exchange_id_of(1)
    put.add_outcome(connection, 1, 0.0, exchange_id=pair)
    add_feedback(
        connection, request_id=pair, score=1.0, comment="", session=None, extra={"edited": said}
    )
    assert beside_verdicts(connection, put.JUDGE)["edited"].signal == [edited]
