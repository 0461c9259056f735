"""Outcomes: the plain form for anybody, its defaults and its sentences."""

import json
from typing import Any

import pytest
from factories.sources import STARTED, body, outcome
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.json_sources.outcomes import read_outcomes
from tierwatch.intake.unreadable import UnreadableError


def test_every_field_is_read() -> None:
    sent = outcome(
        asked="auto",
        provider="openai",
        session="chat-7",
        trace="t-1",
        cost_usd=0.01,
        first_byte_ms=20,
        fallbacks=1,
        confidence=0.8,
        user="u",
        tags=["a", 2, "b"],
        prompt_version=" v12 ",
        usage={
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        },
    )
    (call,) = read_outcomes(body(sent)).calls
    assert (call.source_id, call.asked, call.model, call.provider) == (
        "call-1", "auto", "small-1", "openai",
    )  # fmt: skip
    assert (call.session, call.trace, call.started_at) == ("chat-7", "t-1", STARTED + 1)
    assert (call.prompt_tokens, call.completion_tokens) == (10, 5)
    assert (call.cached_tokens, call.cache_write_tokens) == (4, 3)
    assert (call.cost_usd, call.latency_ms, call.first_byte_ms) == (0.01, 120.0, 20.0)
    assert (call.fallbacks, call.confidence, call.user, call.tags) == (1, 0.8, "u", ("a", "b"))
    assert (call.finished, call.outside, call.error) == (True, "", "")
    assert call.prompt_version == "v12"


def test_what_is_not_said_is_not_made_up() -> None:
    sent = outcome()
    for name in ("usage", "latency_ms", "finish_reason"):
        del sent[name]
    (call,) = read_outcomes(body(sent)).calls
    assert (call.prompt_tokens, call.completion_tokens, call.cost_usd) == (None, None, None)
    assert not call.finished  # nobody said that it is whole


def test_who_knows_that_an_answer_is_whole_may_say_so() -> None:
    for said, finished in ((True, True), (False, False), ("yes", False)):
        (call,) = read_outcomes(body(outcome(finished=said))).calls
        assert call.finished is finished


def test_a_failure_has_no_answer() -> None:
    (call,) = read_outcomes(body(outcome(error="timeout", status=504))).calls
    assert (call.answer, call.finished, call.status, call.error) == (None, False, 504, "timeout")
    assert (call.model, call.asked, call.outside) == ("", "small-1", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id: found ''; accepted: a text of your own"),
        ({"id": 7}, "id: found 7"),
        ({"id": "x" * 513}, "id: found"),
        ({"model": None}, "model: found nothing"),
        ({"request": []}, "request: found no object"),
        ({"wire": "soap"}, "wire: found 'soap'; accepted: one of openai, anthropic, responses"),
        ({"wire": []}, "wire: found"),
        ({"started_at": "today"}, "started_at: found no time; accepted: seconds since 1970"),
        ({"started_at": -1}, "started_at: found no time"),
    ],
)
def test_a_bad_outcome_says_what_is_accepted(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableError) as problem:
        read_outcomes(body(outcome(**changes)))
    assert str(problem.value).startswith(said)
    # Beside a good one it is counted, and costs the good one nothing.
    readings = read_outcomes(body(outcome(2), outcome(**changes), 7))
    assert len(readings.calls) == 1
    assert readings.counted == {"bad_line": 2}


def test_without_a_question_or_an_answer_it_is_outside() -> None:
    calls = read_outcomes(
        body(outcome(1, request={}), outcome(2, answer=None), outcome(3, answer={"content": ""}))
    ).calls
    assert [one.outside for one in calls] == [
        "intake_no_question",
        "intake_no_answer",
        "",
    ]


def test_the_same_id_twice_is_a_repeat() -> None:
    assert read_outcomes(body(outcome(), outcome())).counted == {"repeat": 1}


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none())


@given(st.dictionaries(st.sampled_from(sorted(outcome())), VALUES, max_size=5))
def test_odd_values_are_a_call_or_a_sentence(changes: dict[str, Any]) -> None:
    sent = json.dumps([outcome(**changes), outcome(9)]).encode()
    for call in read_outcomes(sent).calls:
        assert call.answer is not None or not call.finished
