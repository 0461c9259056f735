"""Judged pairs come in the order of their outcomes, each exchange once, with what is left of it."""

from typing import Any

import factories.rows as put
import pytest
from factories.pairs import add_judged
from sqlalchemy import Connection, text

from tierwatch.store.learned.judged_pairs import (
    JudgedPair,
    count_judged,
    judged_pairs,
    newest_position,
    put_said,
    request_text,
    sessions_until,
    unjudged_texts,
)


def read(connection: Connection, **changes: Any) -> list[JudgedPair]:
    wanted: dict[str, Any] = {
        "judge_version": put.JUDGE,
        "after": 0,
        "until": 10**9,
        "limit": 100,
    }
    return judged_pairs(connection, "simple", **(wanted | changes))


def texts(pairs: list[JudgedPair]) -> list[str | None]:
    return [None if pair.text is None else pair.text.rsplit(" ", 1)[-1] for pair in pairs]


@pytest.fixture
def five(connection: Connection) -> Connection:
    """Pairs one to five, of which the even ones were worse."""
    names = ("one", "two", "three", "four", "five")
    add_judged(
        connection,
        [(f"say {name}", "worse" if place % 2 else "tie") for place, name in enumerate(names)],
    )
    return connection


def test_of_no_outcomes_nothing_is_learned(connection: Connection) -> None:
    assert read(connection) == []
    assert newest_position(connection) == 0
    assert count_judged(connection, "simple", judge_version=put.JUDGE, after=0, until=9) == 0
    assert unjudged_texts(connection, limit=10) == []
    assert sessions_until(connection, ["a"], 9) == set()
    put_said(connection, {})


def test_pairs_come_in_order_with_what_was_asked_and_judged(five: Connection) -> None:
    found = read(five)
    assert texts(found) == ["one", "two", "three", "four", "five"]
    assert [pair.verdict for pair in found] == ["tie", "worse", "tie", "worse", "tie"]
    assert [pair.loss for pair in found] == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert [pair.position for pair in found] == [1, 2, 3, 4, 5]
    assert all(pair.said is None for pair in found)
    assert newest_position(five) == 5


def test_after_is_left_out_and_until_is_in(five: Connection) -> None:
    assert texts(read(five, after=2, until=4)) == ["three", "four"]
    assert count_judged(five, "simple", judge_version=put.JUDGE, after=2, until=4) == 2
    assert read(five, after=5) == []


def test_the_oldest_or_the_newest_in_order_all_the_same(five: Connection) -> None:
    assert texts(read(five, limit=2)) == ["one", "two"]
    assert texts(read(five, limit=2, newest=True)) == ["four", "five"]


def test_pairs_of_another_boundary_or_judge_are_left_out(five: Connection) -> None:
    add_judged(five, [("say six", "tie")], boundary="standard")
    assert len(read(five)) == 5
    assert read(five, judge_version="other") == []
    assert newest_position(five) == 6


def test_what_the_higher_tier_served_says_the_same_of_the_lower(connection: Connection) -> None:
    add_judged(connection, [("say one", "worse"), ("say two", "better")], direction="down")
    assert [pair.verdict for pair in read(connection)] == ["worse", "better"]


def test_what_no_monitor_has_seen_is_not_learned(connection: Connection) -> None:
    add_judged(connection, [("say one", "tie")], observed=False)
    assert read(connection) == []


def test_a_pair_that_two_judges_compared_counts_where_it_first_stood(five: Connection) -> None:
    twice = five.execute(text("select exchange_id from outcomes where position = 2")).scalar_one()
    put.add_verdict(five, twice, "served", judge_version="new")
    put.add_outcome(five, 9, 0.0, exchange_id=twice, judge_version="new", position=6, observation=6)
    assert read(five, judge_version="new") == []
    assert len(read(five)) == 5


def test_an_unscored_verdict_teaches_nothing(five: Connection) -> None:
    five.execute(text("update verdicts set preferred = null"))
    assert read(five) == []


def test_texts_that_retention_took_are_none(five: Connection) -> None:
    five.execute(text("delete from exchange_texts"))
    assert texts(read(five)) == [None] * 5
    assert unjudged_texts(five, limit=10) == []


def test_what_was_said_before_learning_is_kept_by_position(five: Connection) -> None:
    put_said(five, {2: (-1.5, 0.25), 4: (3.0, -3.0), 99: (0.0, 0.0)})
    assert [pair.said for pair in read(five)] == [None, (-1.5, 0.25), None, (3.0, -3.0), None]
    put_said(five, {2: (1.0, 1.0)})
    assert read(five)[1].said == (1.0, 1.0)


def test_texts_of_the_store_are_the_newest_and_different(connection: Connection) -> None:
    for number, question in enumerate(("a", "b", "a", "c")):
        put.add_exchange(connection, number, question=question)
    found = unjudged_texts(connection, limit=10)
    assert [one.rsplit(" ", 1)[-1] for one in found] == ["c", "a", "b"]
    assert len(unjudged_texts(connection, limit=1)) == 1


def test_conversations_that_may_have_been_learned(five: Connection) -> None:
    sessions = ["session 1", "session 3", "session 5", "nobody's"]
    assert sessions_until(five, sessions, 3) == {"session 1", "session 3"}
    assert sessions_until(five, [], 3) == set()


@pytest.mark.parametrize("request_", [None, {}, {"messages": None}, {"messages": []}])
def test_a_request_without_messages_is_no_text_that_means_something(request_: Any) -> None:
    assert not request_text(request_)


def test_a_request_is_read_as_the_router_reads_it() -> None:
    said = request_text({"messages": [{"role": "user", "content": "Sort this list"}]})
    assert said is not None
    assert "Sort this list" in said
