"""What task types are built from: judged prompts in order, losses by conversation, traffic."""

import datetime as dt

import factories.rows as put
import pytest
from factories.pairs import add_judged
from sqlalchemy import Connection, text

from tierwatch.store.learned.type_evidence import (
    TypeLosses,
    judged_prompts,
    requests_by_type,
    type_losses,
)
from tierwatch.store.traffic.exchanges import first_id


def test_of_nothing_nothing_is_built(connection: Connection) -> None:
    assert judged_prompts(connection, judge_version=put.JUDGE, limit=10) == []
    assert type_losses(connection, judge_version=put.JUDGE) == []
    assert requests_by_type(connection) == {}


def test_the_newest_prompts_oldest_first(connection: Connection) -> None:
    add_judged(connection, [("one", "worse"), ("two", "tie"), ("three", "worse")])
    found = judged_prompts(connection, judge_version=put.JUDGE, limit=2)
    assert [prompt.request["messages"][0]["content"] for prompt in found] == ["two", "three"]
    assert [(prompt.boundary, prompt.loss) for prompt in found] == [
        ("simple", 0.0),
        ("simple", 1.0),
    ]
    assert judged_prompts(connection, judge_version="other", limit=2) == []


def test_a_prompt_is_in_openais_form_whichever_wire_it_came_on(connection: Connection) -> None:
    add_judged(connection, [("one", "worse")])
    connection.execute(
        text("update exchange_texts set wire = 'anthropic', request = :body"),
        {"body": '{"system": "Be brief.", "messages": [{"role": "user", "content": "one"}]}'},
    )
    [found] = judged_prompts(connection, judge_version=put.JUDGE, limit=10)
    assert [one["role"] for one in found.request["messages"]] == ["system", "user"]


def test_prompts_whose_text_is_gone_are_left_out(connection: Connection) -> None:
    add_judged(connection, [("one", "worse"), ("two", "tie")])
    connection.execute(text("delete from exchange_texts where request::text like '%one%'"))
    assert len(judged_prompts(connection, judge_version=put.JUDGE, limit=10)) == 1


def test_a_conversation_is_one_loss_with_its_mean_weight(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, task_type="sql", session="talk", pi=0.5)
    put.add_outcome(connection, 2, 0.0, task_type="sql", session="talk", pi=0.25)
    put.add_outcome(connection, 3, 1.0, task_type="sql", session="talk", direction="down")
    put.add_outcome(connection, 4, 0.0, task_type="code", session="talk")
    put.add_outcome(connection, 5, 1.0, task_type="code", judge_version="other")
    # The talk about sql: weights 2 and 4, so loss 2 / 6 and mean weight 3.
    assert type_losses(connection, judge_version=put.JUDGE) == [
        TypeLosses("code", "up", [0.0], [1.0]),
        TypeLosses("sql", "down", [1.0], [1.0]),
        TypeLosses("sql", "up", [pytest.approx(1 / 3)], [pytest.approx(3.0)]),
    ]


def test_losses_are_of_the_newest_pairs(connection: Connection) -> None:
    for number in range(5):
        put.add_outcome(connection, number, float(number == 4))
    [found] = type_losses(connection, judge_version=put.JUDGE, limit=2)
    assert sorted(found.losses) == [0.0, 1.0]


def test_traffic_of_the_last_days_by_type(connection: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    put.add_rollup(connection, "simple", 3, task_type="sql", minute=now)
    put.add_rollup(connection, "standard", 4, task_type="sql", minute=now)
    put.add_rollup(connection, "simple", 5, task_type="code", minute=now - dt.timedelta(days=3))
    put.add_rollup(connection, "simple", 9, task_type="old", minute=now - dt.timedelta(days=8))
    assert requests_by_type(connection) == {"sql": 7, "code": 5}
    day = dt.timedelta(days=1)
    assert requests_by_type(connection, since=now - day) == {"sql": 7}
    assert requests_by_type(connection, since=now - 9 * day, until=now - day) == {
        "code": 5, "old": 9,
    }  # fmt: skip
    # Without a beginning it is the week before the end.
    assert requests_by_type(connection, until=now - 5 * day) == {"old": 9}


def test_losses_are_of_requests_that_arrived_in_a_time(connection: Connection) -> None:
    hour = dt.timedelta(hours=1)
    for number, loss in enumerate((1.0, 0.0, 0.0)):
        at = put.NOW + number * hour
        put.add_outcome(connection, number, loss, exchange_id=first_id(at))
    since = put.NOW + hour
    [late] = type_losses(connection, judge_version=put.JUDGE, since=since)
    assert late.losses == [0.0, 0.0]
    [early] = type_losses(connection, judge_version=put.JUDGE, until=since)
    assert early.losses == [1.0]
    [one] = type_losses(connection, judge_version=put.JUDGE, since=since, until=since + hour)
    assert one.losses == [0.0]
    assert type_losses(connection, judge_version=put.JUDGE, until=put.NOW) == []
