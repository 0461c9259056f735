"""Whatever id somebody has in hand leads to what it names."""

import json
import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, event, text

from tierwatch.store.pages.entrance.search import LONGEST, Found, search
from tierwatch.store.people.users import add_user
from tierwatch.store.traced.their_span import reported

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def pair(connection: Connection) -> uuid.UUID:
    return put.add_exchange(connection, 1, session="chat 7")


def found(connection: Connection, asked: str) -> list[tuple[str, str]]:
    return [(one.kind, one.id) for one in search(connection, asked)]


def test_a_pair_by_its_id_its_beginning_and_as_lists_shorten_it(
    connection: Connection, pair: uuid.UUID
) -> None:
    whole, bare = str(pair), pair.hex
    for asked in (
        whole, whole.upper(), f"  {whole} ", bare, bare[:8], f"{bare[:8]}…{bare[-4:]}",
        f"{bare[:8]}...{bare[-4:]}", whole[:18],
    ):  # fmt: skip
        assert found(connection, asked) == [("pair", whole)], asked
    assert found(connection, f"{bare[:8]}…{'f' * 12}") == []
    assert found(connection, bare[:7]) == []
    assert found(connection, str(uuid.uuid4())) == []


def test_a_number_is_whatever_has_it_unless_it_is_named(connection: Connection) -> None:
    put.add_policy(connection, 1)
    put.add_policy(connection, 2)
    put.put_in_force(connection, 2)
    alert = put.add_alert(connection)
    proposal = put.add_proposal(connection, base_version=2)
    for kind, number in (("alert", alert), ("proposal", proposal), ("policy", 2)):
        for asked in (f"{kind} {number}", f"{kind}/{number}", f"{kind.upper()} #{number}"):
            assert found(connection, asked) == [(kind, str(number))], asked
        assert (kind, str(number)) in found(connection, f"#{number}")
    assert found(connection, "policies 2") == [("policy", "2")]
    assert found(connection, "alert 999999") == []
    assert found(connection, "9" * 19) == []


def test_a_session_and_a_user_by_name(connection: Connection, pair: uuid.UUID) -> None:
    assert found(connection, "chat 7") == [("session", "chat 7")]
    add_user(connection, "ada", "correct horse battery", "viewer")
    assert found(connection, "ada") == [("user", "ada")]
    put.add_exchange(connection, 2, session="ada")
    assert found(connection, "ada") == [("session", "ada"), ("user", "ada")]


def test_a_session_is_found_by_its_index_whatever_its_age(
    connection: Connection, pair: uuid.UUID
) -> None:
    """None of its exchanges need be among the newest."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, said: str, given: Any, *_: object) -> None:
        asked.append((said, given))

    event.listen(connection, "before_cursor_execute", note)
    try:
        assert found(connection, "chat 7") == [("session", "chat 7")]
    finally:
        event.remove(connection, "before_cursor_execute", note)
    connection.execute(text("set local enable_seqscan = off"))
    [(said, given)] = [one for one in asked if "session" in one[0]]
    plan = connection.exec_driver_sql(f"explain {said}", given).scalars().all()
    assert any("Index Cond: (session = 'chat 7'" in line for line in plan), plan


def test_a_trace_as_it_is_or_as_its_header(connection: Connection, pair: uuid.UUID) -> None:
    header = f"00-{TRACE}-00f067aa0ba902b7-01"
    connection.execute(
        text("update exchange_texts set headers = jsonb_build_object('traceparent', (:it)::text)"),
        {"it": header},
    )
    for asked in (TRACE, TRACE.upper(), header):
        assert found(connection, asked) == [("pair", str(pair))], asked
    assert found(connection, "0" * 32) == []


def test_a_trace_that_another_tool_reported(connection: Connection, pair: uuid.UUID) -> None:
    connection.execute(
        text("update exchange_texts set headers = cast(:it as jsonb)"),
        {"it": json.dumps(dict(reported("chat", TRACE, "00f067aa0ba902b7")))},
    )
    assert found(connection, TRACE) == [("pair", str(pair))]
    assert found(connection, "0" * 32) == []


@pytest.mark.parametrize(
    "asked", ["", "   ", "%", "' or 1=1 --", "alert", "alert -1", "x" * 100_000, "\u202e", "#", "…"]
)
def test_anything_else_is_nothing(connection: Connection, pair: uuid.UUID, asked: str) -> None:
    assert search(connection, asked) == []


def test_what_is_longer_than_any_id_is_cut(connection: Connection) -> None:
    put.add_exchange(connection, 1, session="s" * LONGEST)
    assert search(connection, "s" * (LONGEST + 5)) == [Found("session", "s" * LONGEST)]
