"""Scores wait for their place, one worker at a time, and end."""

import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.store.outbox.deliveries import set_paused, set_repeated
from tierwatch.store.pages.notifications import destination_lines
from tierwatch.store.traced.scores import (
    ScoreDocument,
    ScoreLine,
    WaitingScore,
    give_up_scores,
    queue_score,
    score_lines,
    set_score_ended,
    set_score_postponed,
    take_scores,
)

MINE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
BODY: ScoreDocument = {
    "id": "tierwatch-1",
    "trace_id": "t",
    "span_id": "",
    "name": "tierwatch.misroute",
    "value": 1.0,
    "label": "fail",
    "comment": "small-1 (simple) against standard: the answer was materially worse.",
    "judge": put.JUDGE,
}


def add(connection: Connection, number: int = 1, *places: str) -> uuid.UUID:
    exchange_id = uuid.UUID(int=number)
    queue_score(connection, exchange_id, BODY, places or ("lf",))
    return exchange_id


def take(connection: Connection, lease: uuid.UUID = MINE, to: str = "lf") -> list[WaitingScore]:
    return take_scores(connection, to, kind="langfuse", lease=lease, lease_s=60)


def value(connection: Connection, query: str) -> Any:
    return connection.execute(text(query)).scalar()


def later(connection: Connection, column: str, seconds: float) -> None:
    connection.execute(
        text(f"update score_deliveries set {column} = {column} - make_interval(secs => :s)"),  # noqa: S608
        {"s": seconds},
    )


def test_a_score_is_queued_at_each_place_once(connection: Connection) -> None:
    exchange_id = add(connection, 1, "lf", "px")
    add(connection, 1, "lf", "px")
    [one] = take(connection)
    assert (one.exchange_id, one.tries, one.body) == (exchange_id, 0, BODY)
    assert len(take(connection, to="px")) == 1
    assert value(connection, "select count(*) from score_deliveries") == 2


def test_nothing_is_queued_for_nobody(connection: Connection) -> None:
    queue_score(connection, uuid.UUID(int=1), BODY, [])
    assert value(connection, "select count(*) from score_deliveries") == 0


def test_one_worker_at_a_time_sends_to_a_place(connection: Connection) -> None:
    add(connection)
    assert take(connection)
    assert take(connection, OTHER) == []
    assert take(connection)  # more under one's own lease
    assert value(connection, "select lease from destinations") == MINE


def test_an_empty_turn_gives_the_lease_back(connection: Connection) -> None:
    assert take(connection) == []
    assert value(connection, "select lease from destinations") is None


def test_a_place_that_is_paused_is_left_alone_and_by_its_last_worker_too(
    connection: Connection,
) -> None:
    add(connection)
    assert take(connection)
    set_paused(connection, "lf", 60)
    assert take(connection) == []
    assert value(connection, "select lease from destinations") is None


def test_what_was_never_tried_goes_first(connection: Connection) -> None:
    add(connection, 1)
    [stuck] = take(connection)
    set_score_postponed(connection, stuck.id, answer="HTTP 500", wait_s=5)
    add(connection, 2)
    later(connection, "next_try_at", 10)
    assert [one.exchange_id.int for one in take(connection)] == [2, 1]
    assert [one.tries for one in take(connection)] == [0, 1]


def test_what_is_postponed_is_not_due(connection: Connection) -> None:
    add(connection)
    [one] = take(connection)
    set_score_postponed(connection, one.id, answer="HTTP 500", wait_s=5)
    assert take(connection) == []
    assert value(connection, "select answer from score_deliveries") == "HTTP 500"


@pytest.mark.parametrize(("taken", "state"), [(True, "delivered"), (False, "failed")])
def test_what_has_ended_stays_so(connection: Connection, *, taken: bool, state: str) -> None:
    add(connection)
    [one] = take(connection)
    set_score_ended(connection, one.id, taken=taken, answer="said")
    set_score_postponed(connection, one.id, answer="late", wait_s=5)
    set_score_ended(connection, one.id, taken=not taken, answer="late")
    row = connection.execute(
        text("select state, tries, answer, ended_at from score_deliveries")
    ).one()
    assert tuple(row[:3]) == (state, 1, "said")
    assert row.ended_at is not None
    assert take(connection) == []


def test_what_waits_for_too_long_is_given_up_with_its_last_answer(connection: Connection) -> None:
    add(connection, 1)
    [one] = take(connection)
    set_score_postponed(connection, one.id, answer="HTTP 503", wait_s=5)
    add(connection, 2, "px")
    later(connection, "queued_at", 100)
    add(connection, 3)
    assert give_up_scores(connection, {"lf": 90, "px": 110}) == 1
    row = connection.execute(
        text("select exchange_id, answer from score_deliveries where state = 'failed'")
    ).one()
    assert tuple(row) == (uuid.UUID(int=1), "given up after 1 tries; last: HTTP 503")


def test_what_waits_for_a_place_that_left_the_file_ends_after_a_week(
    connection: Connection,
) -> None:
    add(connection, 1, "gone")
    later(connection, "queued_at", 604_000)
    assert give_up_scores(connection, {"lf": 60}) == 0
    later(connection, "queued_at", 1_000)
    assert give_up_scores(connection, {"lf": 60}) == 1


def test_a_place_may_wait_longer_than_a_week(connection: Connection) -> None:
    add(connection)
    later(connection, "queued_at", 700_000)
    assert give_up_scores(connection, {"lf": 800_000.0, "px": 60.0}) == 0


def test_how_places_do_and_none_of_them_is_a_destination_of_alerts(connection: Connection) -> None:
    add(connection, 1, "lf", "px")
    add(connection, 2, "lf", "px")
    [first, _] = take(connection)
    set_score_ended(connection, first.id, taken=False, answer="HTTP 400")
    set_repeated(connection, "lf", "HTTP 503", taken=False)
    lf, px = score_lines(connection)
    assert isinstance(lf, ScoreLine)
    assert (lf.name, lf.waiting, lf.failed, lf.answer) == ("lf", 1, 1, "HTTP 503")
    assert lf.failing_since is not None
    assert (px.name, px.waiting, px.failed, px.failing_since) == ("px", 2, 0, None)
    assert destination_lines(connection) == []


def test_a_place_that_takes_everything_is_listed(connection: Connection) -> None:
    add(connection)
    [one] = take(connection)
    set_score_ended(connection, one.id, taken=True, answer="HTTP 200")
    set_repeated(connection, "lf", "HTTP 200", taken=True)
    [line] = score_lines(connection)
    assert (line.waiting, line.failed, line.failing_since) == (0, 0, None)
