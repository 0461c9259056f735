import datetime as dt
import re
import uuid
from typing import Any

import pytest
from factories.rows import NOW, add_exchange, add_pair, add_shadow, add_twin
from sqlalchemy import Connection, select, update

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair_filter import SORTS, PairFilter
from tierwatch.store.pages.pair_search import conditions_of, order_of
from tierwatch.store.pages.pairs import pair_line, pairs
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.traffic.exchanges import first_id

DAY_S = 86_400


def _found(connection: Connection, sort: str = "newest", **wanted: Any) -> list[uuid.UUID]:
    return [line.id for line in pairs(connection, PairFilter(**wanted), sort=sort)]


@pytest.fixture
def pair(connection: Connection) -> uuid.UUID:
    """A pair with a word of its own in the question and in each answer."""
    answer = {"role": "assistant", "content": "Line one\napricot; naïve, 漢字"}
    found = add_exchange(connection, 5, question="Buy Bananas\nor mangoes?", answer=answer)
    add_shadow(connection, found, "a coconut")
    add_pair(connection, 6)
    return found


@pytest.mark.parametrize(
    "text",
    ["bananas", "BANANAS", "buy mangoes", "mangoes bananas", "apricot", "one apricot", "naïve",
     "漢字", "coconut", "bananas!", "<bananas>", "'coconut'", '"a coconut"'],
)  # fmt: skip
def test_words_are_found_in_question_and_answers(
    connection: Connection, pair: uuid.UUID, text: str
) -> None:
    assert _found(connection, text=text) == [pair]


@pytest.mark.parametrize(
    "text",
    ["papaya", "banana", "bananas coconut", "role", "assistant content", "nmangoes", "!!!",
     "'; drop", "\\", "&", "bananas & papaya", "%", "漢"],
)  # fmt: skip
def test_other_words_are_not(connection: Connection, pair: uuid.UUID, text: str) -> None:
    """Neither names of fields nor half a word; a word of each of two texts is in neither."""
    assert _found(connection, text=text) == []


@pytest.mark.parametrize(
    "text", ["widget", "store", "py", "app/store/widget.py", "user_id", "3.14", "x", "n"]
)
def test_words_of_code_are_words(connection: Connection, text: str) -> None:
    found = add_exchange(
        connection, 1, question="In app/store/widget.py: <x y='3.14'>user_id</x> \\n"
    )
    assert _found(connection, text=text) == [found]


def test_texts_that_are_gone_are_not_found(connection: Connection, pair: uuid.UUID) -> None:
    connection.exec_driver_sql("delete from exchange_texts")
    assert _found(connection, text="bananas") == []
    assert _found(connection, text="coconut") == [pair]


def test_a_long_text_is_stored_and_its_beginning_found(connection: Connection) -> None:
    words = "\n".join(f"w{n}" for n in range(120_000))
    found = add_exchange(connection, 1, question=words)
    assert _found(connection, text="w17") == [found]
    assert _found(connection, text="w100000") == []


@pytest.mark.parametrize("unit", ["漢字 ", "é", "\U0001f600 ", "a b c ", "\\n", '"', "x"])
def test_no_text_is_too_much_to_be_stored(connection: Connection, unit: str) -> None:
    found = add_exchange(connection, 1, question=unit * 300_000)
    assert _found(connection) == [found]


def test_a_search_goes_back_until_its_page_is_full(connection: Connection) -> None:
    ids = [
        add_exchange(connection, -days * DAY_S, question=f"old apples {days}")
        for days in (0, 1, 6, 8, 40, 70, 400)
    ]
    assert _found(connection, text="apples") == ids
    first = pairs(connection, PairFilter(text="apples"), limit=3)
    rest = pairs(connection, PairFilter(text="apples"), before=first[-1].id)
    assert [line.id for line in (*first, *rest)] == ids


def test_a_search_keeps_to_the_rest_of_the_filter(connection: Connection) -> None:
    one = add_exchange(connection, 1, question="apples", tier="simple")
    two = add_exchange(connection, 2, question="apples", tier="standard")
    twin = add_twin(connection, one)
    assert _found(connection, text="apples") == [two, one]
    assert _found(connection, text="apples", tier="simple") == [one]
    assert _found(connection, text="apples", direction="top") == [twin]
    later = NOW + dt.timedelta(seconds=2)
    assert _found(connection, text="apples", until=later) == [one]
    assert _found(connection, text="apples", since=later) == [two]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_pages_through_all_of_it(connection: Connection, sort: str) -> None:
    values = (3.0, 1.0, 3.0, 2.0, 3.0)
    ids = [
        add_exchange(connection, n, question="apples", cost_usd=value, latency_ms=value)
        for n, value in enumerate(values)
    ]
    expected = {
        "newest": ids[::-1],
        "oldest": ids,
        "cost": [ids[n] for n in (4, 2, 0, 3, 1)],
        "latency": [ids[n] for n in (4, 2, 0, 3, 1)],
    }[sort]
    for wanted in (PairFilter(), PairFilter(text="apples")):
        listed, before = list[uuid.UUID](), None
        while page := pairs(connection, wanted, before=before, sort=sort, limit=2):
            listed += [line.id for line in page]
            before = page[-1].id
        assert listed == expected


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_after_a_pair_that_is_gone_is_no_error(connection: Connection, sort: str) -> None:
    add_exchange(connection, 1)
    gone = first_id(NOW - dt.timedelta(days=900))
    assert pairs(connection, PairFilter(), before=gone, sort=sort) is not None


def test_each_condition_finds_its_pairs(connection: Connection) -> None:
    one = add_pair(connection, 1, "tie", session="s1", model="m1", cost_usd=0.5, latency_ms=100.0)
    two = add_pair(connection, 2, "served", session="s2", policy_version=2, latency_ms=900.0)
    assert _found(connection, session="s1") == [one]
    assert _found(connection, model="m1") == [one]
    assert _found(connection, policy_version=2) == [two]
    assert _found(connection, cost_from=0.5) == [one]
    assert _found(connection, latency_from=500.0) == [two]
    assert _found(connection, request_no=2) == [two]
    assert _found(connection, id=one) == [one]
    assert _found(connection, id=one, session="s2") == []


def test_a_twin_is_found_by_its_id(connection: Connection) -> None:
    twin = add_twin(connection, add_pair(connection, 1))
    assert _found(connection, id=twin) == [twin]


def test_contradicting_orders_are_found(connection: Connection) -> None:
    agree = add_pair(connection, 1)
    disagree = add_pair(connection, 2)
    waiting = add_exchange(connection, 3)
    connection.execute(
        update(VerdictRow).where(VerdictRow.exchange_id == disagree).values(basis=SWAP_DISAGREEMENT)
    )
    assert _found(connection, orders_agree=False) == [disagree]
    assert _found(connection, orders_agree=True) == [agree]
    assert waiting in _found(connection)


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "a"},
                       {"role": "user", "content": "2"}, {"role": "tool", "content": "t"}]}, "2"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"},
                                                    {"type": "text", "text": "seen"}]}]}, "seen"),
        # A result of a tool is a user's message on the Messages wire, and nothing a user said.
        ({"messages": [{"role": "user", "content": "asked"},
                       {"role": "user", "content": [{"type": "tool_result", "content": "found"}]}]},
         "asked"),
        ({"input": "plain"}, "plain"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "in"}]}]}, "in"),
        ({"messages": [{"role": "user", "content": "x" * 500}]}, "x" * 160),
        ({"messages": []}, None),
        ({"messages": "odd", "model": {"role": "user"}}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_line_begins_what_the_user_said_last(
    connection: Connection, request_: dict[str, Any], asked: str | None
) -> None:
    found = add_exchange(connection, 1, asked={"request": request_})
    line = pair_line(connection, found)
    assert line is not None
    assert line.asked == asked


def test_pairs_of_one_version_of_a_prompt_are_found(connection: Connection) -> None:
    first, second = (add_pair(connection, n, prompt_version="v12") for n in (1, 2))
    add_pair(connection, 3, prompt_version="v1")
    add_pair(connection, 4)
    assert _found(connection, prompt_version="v12") == [second, first]
    assert _found(connection, prompt_version="v") == []


def test_pairs_of_one_client_are_found(connection: Connection) -> None:
    first, second = (add_pair(connection, n, client="team a") for n in (1, 2))
    add_pair(connection, 3, client="team b")
    add_pair(connection, 4)
    assert _found(connection, client="team a") == [second, first]
    assert _found(connection, client="team") == []


def test_pairs_of_a_rare_client_are_read_from_an_index_of_their_own(connection: Connection) -> None:
    rare = add_pair(connection, 1, client="rare")
    names = [column.name for column in ExchangeRow.__table__.columns if column.name != "id"]
    copied = ", ".join(names)
    connection.exec_driver_sql(
        f"insert into exchanges (id, {copied})"  # noqa: S608 - names of columns
        " select overlay(e.id::text placing lpad(to_hex(n), 12, '0') from 25)::uuid,"
        f" {copied.replace('client', repr('common'))}"
        " from exchanges e, generate_series(1, 20000) n"
    )
    connection.exec_driver_sql("analyze exchanges")
    page = (
        select(ExchangeRow.id)
        .where(*conditions_of(PairFilter(client="rare")))
        .order_by(*order_of("newest"))
        .limit(PAGE)
    )
    asked = page.compile(connection, compile_kwargs={"literal_binds": True})
    plan = "\n".join(connection.exec_driver_sql(f"explain {asked}").scalars())
    assert "_client_idx" in plan, plan
    assert not re.search(r"Seq Scan.*rows=[0-9]{2}", plan), plan
    assert _found(connection, client="rare") == [rare]
