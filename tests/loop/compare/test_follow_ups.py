"""Whether the same question came again: the rule, and reading stored exchanges by it in batches."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.loop.compare.follow_ups import last_words, read_follow_ups, same_question

ASKED = "What is the capital of France?"
LATER = put.NOW + dt.timedelta(hours=3)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


@pytest.mark.parametrize(
    ("earlier", "later", "same"),
    [
        (ASKED, ASKED, True),
        (ASKED, "what's the capital of France", True),
        (ASKED, "Please, what is the capital of France?", True),
        (ASKED, "I asked you: What is the capital of France?", True),
        (ASKED, "What is the capital of Spain?", False),
        (ASKED, "What is the capital of France in 1940?", False),
        (ASKED, "Thank you. And of Spain, what is it there?", False),
        ("Which foods are safe?", "Which foods are not safe?", False),
        ("Translate this to German: yes", "Translate this to German: no", False),
        # A batch job's template is no question asked again.
        ("Classify this review: great phone", "Classify this review: bad phone", False),
        ("can it be done", "African it be done", False),
    ],
)
def test_the_same_question_or_another(earlier: str, later: str, *, same: bool) -> None:
    assert same_question(earlier, later) is same


def test_long_material_has_to_be_the_same_to_the_letter() -> None:
    whole = "word " * 1_000
    assert same_question(whole, whole)
    assert not same_question(whole, whole + "!")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_an_answer(earlier: str, later: str) -> None:
    assert same_question(earlier, later) in {True, False}
    assert same_question(earlier, earlier)


def test_an_empty_question_is_in_no_other() -> None:
    assert not same_question("", ASKED)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([user(ASKED)], ASKED),
        ([user("other words before"), {"role": "assistant", "content": "x"}, user(ASKED)], ASKED),
        # An agent's step ends in what a tool said.
        ([user(ASKED), {"role": "tool", "content": "Paris", "tool_call_id": "1"}], ""),
        ([user("continue")], ""),
        ([user([{"type": "image_url", "image_url": {"url": "x"}}])], ""),
        ([], ""),
        (None, ""),
        (["hi"], ""),
    ],
)  # fmt: skip
def test_only_a_persons_last_words_count(messages: Any, said: str) -> None:
    assert last_words({"messages": messages}) == said


def add(
    engine: Engine, number: int, question: str, *, session: str = "talk", **changes: Any
) -> uuid.UUID:
    """An exchange of a session; number is its second."""
    with engine.begin() as connection:
        return put.add_exchange(connection, number, session=session, question=question, **changes)


def read(engine: Engine) -> dict[uuid.UUID, bool | None]:
    while read_follow_ups(engine=engine, now=LATER):
        pass
    return {row.exchange_id: row.asked_again for row in rows(engine, "select * from follow_ups")}


def test_a_question_that_comes_again_in_its_session_is_noted(engine: Engine) -> None:
    first = add(engine, 1, ASKED)
    second = add(engine, 60, ASKED)
    third = add(engine, 90, "Which river flows through it?")
    elsewhere = add(engine, 2, ASKED, session="other")
    assert read(engine) == {first: True, second: False, third: None, elsewhere: None}


def test_only_what_comes_within_half_an_hour_follows(engine: Engine) -> None:
    soon = [add(engine, 0, ASKED), add(engine, 1_799, ASKED)]
    late = [add(engine, 0, ASKED, session="b"), add(engine, 1_801, ASKED, session="b")]
    found = read(engine)
    assert [found[one] for one in soon] == [True, None]
    assert [found[one] for one in late] == [None, None]


def test_an_agents_next_step_says_nothing(engine: Engine) -> None:
    """Each step sends the conversation again, with the question in it, and ends in a result."""
    asked = {"messages": [user(ASKED), {"role": "tool", "content": "x", "tool_call_id": "1"}]}
    add(engine, 1, ASKED)
    with engine.begin() as connection:
        for number in (2, 3):
            put.add_exchange(connection, number, session="talk", asked={"request": asked})
    assert set(read(engine).values()) == {None}


def test_exchanges_without_a_session_follow_nothing(engine: Engine) -> None:
    for number in (1, 2):
        add(engine, number, ASKED, session="")
    assert set(read(engine).values()) == {None}


def test_a_text_that_is_gone_says_nothing(engine: Engine) -> None:
    first, _ = add(engine, 1, ASKED), add(engine, 2, ASKED)
    with engine.begin() as connection:
        connection.execute(text("delete from exchange_texts where id = :id"), {"id": first})
    assert read(engine)[first] is None


def test_what_may_still_be_followed_waits(engine: Engine) -> None:
    add(engine, 1, ASKED)
    early = put.NOW + dt.timedelta(minutes=30)
    assert read_follow_ups(engine=engine, now=early) == 0
    assert scalar(engine, "select count(*) from follow_ups") == 0


def test_reading_goes_on_in_batches_and_each_exchange_is_read_once(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(230):
            put.add_exchange(connection, number, session=f"s{number}")
    assert read_follow_ups(engine=engine, now=LATER) == 200
    assert read_follow_ups(engine=engine, now=LATER) == 30
    assert read_follow_ups(engine=engine, now=LATER) == 0
    assert scalar(engine, "select count(*) from follow_ups") == 230
