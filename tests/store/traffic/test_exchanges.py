"""Exchanges are added once with their texts, and read as far as retention left them."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, text
from sqlalchemy.exc import IntegrityError

from tierwatch.loop.capture.exchange import arrival_ms, new_exchange_id
from tierwatch.store.schema.exchanges import AlternativeTextRow, ExchangeRow, ExchangeTextRow
from tierwatch.store.traffic.exchanges import (
    AlternativeColumns,
    ExchangeColumns,
    add_alternative,
    add_exchanges,
    confidences_of,
    first_id,
    load_pair,
    month_bounds,
)

MESSAGE = {"role": "assistant", "content": "four"}


def exchange(number: int = 1, **changes: Any) -> ExchangeColumns:
    columns: Any = {
        "id": new_exchange_id(put.NOW.timestamp()),
        "request_no": number,
        "arrived_at": put.NOW,
        "session": "talk",
        "tier": "simple",
        "model": "small-1",
        "provider": "lab",
        "label": "simple",
        "confidence": 0.9,
        "confidences": {"simple": 0.9, "standard": 0.95},
        "threshold": 0.7,
        "escalated": False,
        "task_type": "all",
        "policy_version": 1,
        "reason": "kept",
        "direction": "up",
        "alternative_tier": "standard",
        "rate": 0.5,
        "pi": 0.25,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "cached_tokens": 3,
        "cache_write_tokens": 0,
        "cost_usd": 0.001,
        "classifier_cost_usd": 0.0,
        "latency_ms": 500.0,
        "request": {"messages": [{"role": "user", "content": "2 + 2?"}]},
        "answer": {"role": "assistant", "content": "4"},
    }
    return columns | changes


def figures(**changes: Any) -> AlternativeColumns:
    columns: Any = {
        "tier": "standard",
        "model": "medium-1",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "cost_usd": 0.01,
        "latency_ms": 900.0,
    }
    return columns | changes


def test_nothing_is_added_of_nothing(connection: Connection) -> None:
    assert add_exchanges(connection, []) == []


def test_only_what_was_new_is_given_back(connection: Connection) -> None:
    one, two = exchange(1), exchange(2)
    assert add_exchanges(connection, [one]) == [one["id"]]
    assert add_exchanges(connection, [one, two]) == [two["id"]]
    assert add_exchanges(connection, [one, two]) == []
    numbers = select(ExchangeRow.request_no).order_by(ExchangeRow.request_no)
    assert connection.execute(numbers).scalars().all() == [1, 2]
    assert len(connection.execute(select(ExchangeTextRow.id)).all()) == 2


def test_a_pair_is_what_was_captured(connection: Connection) -> None:
    given = exchange(7)
    add_exchanges(connection, [given])
    pair = load_pair(connection, given["id"])
    assert pair is not None
    for name in ("id", "request_no", "session", "tier", "model", "rate", "pi", "confidences"):
        assert getattr(pair.exchange, name) == given[name]  # type: ignore[literal-required]
    assert (pair.request, pair.answer) == (given["request"], given["answer"])
    assert (pair.alternative, pair.shadowed) == (None, False)


def test_a_pair_is_read_in_one_form_and_kept_as_it_was_asked(connection: Connection) -> None:
    asked = {"system": "Be brief.", "messages": [{"role": "user", "content": "2 + 2?"}]}
    headers = {"anthropic-beta": "effort-2025-11-24"}
    given = exchange(request=asked, wire="anthropic", headers=headers)
    add_exchanges(connection, [given])
    pair = load_pair(connection, given["id"])
    assert pair is not None
    assert pair.asked is not None
    assert (pair.asked.body, pair.asked.wire, pair.asked.headers) == (asked, "anthropic", headers)
    assert pair.request is not None
    assert [one["role"] for one in pair.request["messages"]] == ["system", "user"]


def test_an_unknown_exchange_is_none(connection: Connection) -> None:
    assert load_pair(connection, uuid.uuid4()) is None


def test_confidences_are_those_of_the_exchanges_that_are_there(connection: Connection) -> None:
    sure = {"simple": 0.0, "standard": 0.8}
    exchange = put.add_exchange(connection, 1, confidences=sure)
    put.add_exchange(connection, 2)
    assert confidences_of(connection, [exchange, uuid.UUID(int=7)]) == {exchange: sure}
    assert confidences_of(connection, []) == {}


def test_the_first_shadow_answer_is_kept(connection: Connection) -> None:
    given = exchange()
    add_exchanges(connection, [given])
    assert add_alternative(connection, given["id"], message=MESSAGE, **figures())
    assert not add_alternative(
        connection, given["id"], message={"content": "later"}, **figures(cost_usd=9.0)
    )
    pair = load_pair(connection, given["id"])
    assert pair is not None
    assert (pair.alternative, pair.shadowed) == (MESSAGE, True)
    assert connection.execute(text("select sum(cost_usd) from alternatives")).scalar_one() == 0.01


def test_texts_that_retention_took_are_none_and_the_figures_stay(connection: Connection) -> None:
    given = exchange()
    add_exchanges(connection, [given])
    add_alternative(connection, given["id"], message=MESSAGE, **figures())
    for table in (ExchangeTextRow, AlternativeTextRow):
        connection.execute(delete(table))
    pair = load_pair(connection, given["id"])
    assert pair is not None
    assert (pair.request, pair.answer, pair.alternative) == (None, None, None)
    assert pair.shadowed
    assert pair.exchange.tier == "simple"


@pytest.mark.parametrize(
    "change", [{"direction": "sideways"}, {"pi": 0.0}, {"pi": 1.01}], ids=["direction", "0", "> 1"]
)
def test_what_no_sampling_gives_is_refused(connection: Connection, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), connection.begin_nested():
        add_exchanges(connection, [exchange(**change)])


@pytest.mark.parametrize(
    ("month", "first", "following"),
    [
        (
            dt.date(2026, 2, 14),
            dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
            dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        ),
        (
            dt.date(2028, 2, 29),
            dt.datetime(2028, 2, 1, tzinfo=dt.UTC),
            dt.datetime(2028, 3, 1, tzinfo=dt.UTC),
        ),
        (
            dt.date(2026, 12, 31),
            dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
            dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
        ),
    ],
    ids=["short", "leap", "December"],
)
def test_a_month_is_from_its_first_id_to_the_next_ones(
    month: dt.date, first: dt.datetime, following: dt.datetime
) -> None:
    low, high = month_bounds(month)
    assert low == first_id(first)
    assert high == first_id(following)
    last_moment = following - dt.timedelta(milliseconds=1)
    assert low <= new_exchange_id(last_moment.timestamp()) < high


@given(st.integers(86_400_000, 7_258_118_400_000))  # 1970 to 2200
def test_every_id_of_a_moment_is_at_or_after_its_first(milliseconds: int) -> None:
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=milliseconds)
    first = first_id(moment)
    assert first <= new_exchange_id(moment.timestamp())
    assert arrival_ms(first) == int(moment.timestamp() * 1000)
    assert first_id(moment + dt.timedelta(milliseconds=2)) > new_exchange_id(moment.timestamp())
