"""Verdicts and outcomes are added once, and taken by the monitors in order, whole conversations."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, select, text, update

from tierwatch.store.judgements.outcomes import (
    Outcome,
    OutcomeColumns,
    VerdictColumns,
    add_outcome,
    add_verdict,
    newest_judge_version,
    replay_outcomes,
    set_positions,
    stream_outcomes,
    streams_pooled_in,
    take_unobserved,
)
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def verdict(**changes: Any) -> VerdictColumns:
    columns: Any = {
        "judge_version": put.JUDGE,
        "preferred": "served",
        "basis": "pairwise",
        "reason": "clearer",
        "unscored_why": "",
        "orders": [{"order": "served_first", "preferred": "served", "reason": "", "raw": "A"}],
        "cost_usd": 0.002,
        "calls": 2,
        "latency_ms": 900.0,
    }
    return columns | changes


def outcome(exchange_id: uuid.UUID, **changes: Any) -> OutcomeColumns:
    columns: Any = {
        "exchange_id": exchange_id,
        "judge_version": put.JUDGE,
        "session": "s",
        "request_no": 1,
        "tier": "simple",
        "task_type": "all",
        "boundary": "simple",
        "direction": "up",
        "stream": "simple|all|p1|simple-1|judge",
        "policy_version": 1,
        "confidence": 0.9,
        "pi": 0.5,
        "weight": 1.0,
        "loss": 1.0,
        "basis": "pairwise",
    }
    return columns | changes


def take(connection: Connection, *, limit: int = 100, idle_s: float = 600) -> list[int]:
    """Request numbers of what is taken."""
    return [row.request_no for row in take_unobserved(connection, idle_s=idle_s, limit=limit)]


def test_a_judge_version_speaks_once_of_a_pair(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    assert add_verdict(connection, pair, **verdict())
    assert not add_verdict(connection, pair, **verdict(preferred="alternative"))
    assert add_verdict(connection, pair, **verdict(judge_version="newer"))
    kept = connection.execute(
        select(VerdictRow.judge_version, VerdictRow.preferred).order_by(VerdictRow.judge_version)
    )
    assert [tuple(row) for row in kept] == [("newer", "served"), (put.JUDGE, "served")]


def test_an_unscored_verdict_has_no_preference(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    add_verdict(connection, pair, **verdict(preferred=None, unscored_why="no JSON", orders=[]))
    row = connection.execute(select(VerdictRow.preferred, VerdictRow.orders)).one()
    assert tuple(row) == (None, [])


def test_an_outcome_is_added_once_for_a_judge(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    add_outcome(connection, **outcome(pair, loss=1.0))
    add_outcome(connection, **outcome(pair, loss=0.0))
    add_outcome(connection, **outcome(pair, loss=0.5, judge_version="newer"))
    losses = connection.execute(select(OutcomeRow.loss).order_by(OutcomeRow.id)).scalars().all()
    assert losses == [1.0, 0.5]


def test_nothing_is_taken_from_nothing(connection: Connection) -> None:
    assert take_unobserved(connection, idle_s=600, limit=10) == []
    assert replay_outcomes(connection) == []
    assert stream_outcomes(connection, []) == []
    assert streams_pooled_in(connection, ["simple|*|p1|m|j"]) == []
    assert streams_pooled_in(connection, []) == []
    assert newest_judge_version(connection) is None
    set_positions(connection, [])


def test_what_is_taken_is_the_outcome(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    add_outcome(connection, **outcome(pair, session="talk", weight=2.0, confidence=0.4))
    [taken] = take_unobserved(connection, idle_s=600, limit=10)
    assert isinstance(taken, Outcome)
    assert (taken.exchange_id, taken.session, taken.weight) == (pair, "talk", 2.0)
    assert (taken.confidence, taken.loss, taken.observation) == (0.4, 1.0, None)


def test_conversations_come_oldest_first_and_whole(connection: Connection) -> None:
    for number, session in enumerate(("a", "b", "a", "c", "b"), 1):
        put.add_outcome(connection, number, 0.0, session=session)
    # Two conversations: the ones that began first, with all their pairs in order of arrival.
    assert take(connection, limit=2) == [1, 2, 3, 5]
    assert take(connection, limit=1) == [1, 3]
    assert take(connection, limit=0) == []


def test_a_conversation_with_an_exchange_in_evaluation_waits(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.0, session="talk")
    put.add_exchange(connection, 2, session="talk", captured_at=LONG_AGO)
    assert take(connection) == []
    connection.execute(update(ExchangeRow).values(ended_at=LONG_AGO))
    assert take(connection) == [1]


def test_a_conversation_waits_for_its_silence(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.0, session="talk")
    two_minutes_ago = connection.execute(text("select now() - interval '2 minutes'")).scalar_one()
    put.add_exchange(
        connection, 2, session="talk", captured_at=two_minutes_ago, ended_at=two_minutes_ago
    )
    assert take(connection, idle_s=121) == []
    assert take(connection, idle_s=119) == [1]


def test_one_that_never_pauses_is_cut_after_six_times_the_silence(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.0, session="service")
    put.add_exchange(connection, 2, session="service")
    connection.execute(text("update outcomes set created_at = now() - interval '601 seconds'"))
    assert take(connection, idle_s=101) == []  # 6 x 101 = 606
    assert take(connection, idle_s=100) == [1]


def test_an_exchange_that_is_its_own_session_waits_for_nothing(connection: Connection) -> None:
    alone = put.add_exchange(connection, 1)
    put.add_outcome(connection, 1, 0.0, exchange_id=alone, session=str(alone))
    assert take(connection) == [1]


def test_positions_and_observations_go_on_where_they_stopped(connection: Connection) -> None:
    for number in range(1, 6):
        put.add_outcome(connection, number, 0.0)
    ids = connection.execute(select(OutcomeRow.id).order_by(OutcomeRow.id)).scalars().all()
    set_positions(connection, [[ids[0], ids[2]], [ids[1]]])
    set_positions(connection, [[ids[4]], [ids[3]]])
    rows = connection.execute(
        select(OutcomeRow.request_no, OutcomeRow.position, OutcomeRow.observation).order_by(
            OutcomeRow.position
        )
    )
    assert [tuple(row) for row in rows] == [(1, 1, 1), (3, 2, 1), (2, 3, 2), (5, 4, 3), (4, 5, 4)]
    assert take(connection) == []
    assert [row.request_no for row in replay_outcomes(connection)] == [1, 3, 2, 5, 4]


def test_a_stream_has_what_it_saw_upwards_in_its_order(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, position=2, observation=2)
    put.add_outcome(connection, 2, 0.0, position=1, observation=1)
    put.add_outcome(connection, 3, 0.0)  # not seen yet
    put.add_outcome(connection, 4, 0.0, position=3, observation=3, direction="down")
    put.add_outcome(connection, 5, 0.0, position=4, observation=4, stream="standard")
    assert [row.request_no for row in stream_outcomes(connection, ["simple"])] == [2, 1]
    both = stream_outcomes(connection, ["simple", "standard"])
    assert [(row.request_no, row.observation) for row in both] == [(2, 1), (1, 2), (5, 4)]


@pytest.mark.parametrize("name", ["s_l", "50%", "a'b"])
def test_a_pooled_stream_has_those_of_its_types_by_their_very_names(
    connection: Connection, name: str
) -> None:
    mine = f"simple|{name}|p1|small-1|judge"
    others = (
        "simple|sql|p2|small-1|judge",  # another policy
        "simple|sql|p1|small-10|judge",  # another model
        "standard|sql|p1|small-1|judge",
    )
    for number, stream in enumerate((mine, *others)):
        put.add_outcome(connection, number, 0.0, tier=stream.split("|")[0], stream=stream)
    assert streams_pooled_in(connection, ["simple|*|p1|small-1|judge"]) == [mine]
    both = ["simple|*|p1|small-1|judge", "simple|*|p2|small-1|judge"]
    assert streams_pooled_in(connection, both) == sorted([mine, others[0]])


def test_the_newest_judge_is_who_spoke_last(connection: Connection) -> None:
    for number, judge in enumerate(("old", "new", "old")):
        put.add_outcome(connection, number, 0.0, judge_version=judge)
    assert newest_judge_version(connection) == "old"
