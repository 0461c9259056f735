"""What is known of a conversation, with pins that a test has put there."""

import asyncio
import hashlib
from typing import Any

import pytest
from factories.gateway_values import COMPLEX, NOW, SIMPLE, asked, pin
from fakes.pins import KnownPins

from tierwatch.gateway.memory.pin_keys import answer_key, session_key, turn_key
from tierwatch.gateway.route.recall import Recall, Recalled
from tierwatch.routing.stickiness import Pin, SessionRules
from tierwatch.wire.history.reader import Issuer

UNNAMED = "its own"  # what the factory calls a conversation that nobody named
TENANT = hashlib.sha256(b"key").digest()
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FIRST = {"role": "user", "content": "Hello"}
SAID = {"role": "assistant", "content": "Hi. What about?"}
NEXT = {"role": "user", "content": "Paris"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
THINKING = {"role": "assistant", "content": "42", "reasoning_content": "hm"}


def recalled(
    messages: list[dict[str, Any]],
    known: dict[str, Pin] | None = None,
    *,
    session: str | None = "s",
    sticky: bool = True,
    side_call: str = "",
) -> tuple[Recalled, list[Any]]:
    pins = KnownPins(known)
    rules = SessionRules(sticky=sticky, idle_s=1_800, cache_s=300)
    recall = Recall(pins, rules, lambda: NOW)  # type: ignore[arg-type]
    one = asked(messages, key=b"key", session=session, side_call=side_call)
    return asyncio.run(recall.recall(one)), pins.looked


def test_a_first_turn_that_nobody_named_is_looked_up_nowhere() -> None:
    found, looked = recalled([FIRST], session=None)
    assert found == Recalled(TENANT, UNNAMED)
    assert looked == []


def test_a_conversation_that_nobody_named_is_one_from_its_second_turn_on() -> None:
    """By its last answer alone: others may have begun with the same words."""
    answer = turn_key(TENANT, UNNAMED, SAID) or ""
    found, looked = recalled([FIRST, SAID, NEXT], {answer: pin(COMPLEX)}, session=None)
    assert looked == [[answer]]
    assert (found.answer_pin, found.warm) == (pin(COMPLEX), True)
    assert (found.session_key, found.keeps_turns) == (None, True)
    asked_alike, _ = recalled([FIRST, {**SAID, "content": "No."}, NEXT], {answer: pin(COMPLEX)})
    assert asked_alike.pin is None


def test_a_side_call_reads_the_warm_prompt_and_leaves_no_place_behind() -> None:
    known = {
        session_key(TENANT, "s"): pin(SIMPLE),
        turn_key(TENANT, "s", SAID) or "": pin(COMPLEX),
    }
    summary, _ = recalled([FIRST, SAID, NEXT], known, side_call="compaction")
    assert summary.answer_pin == pin(COMPLEX)
    assert (summary.session_key, summary.keeps_turns) == (None, False)
    title, looked = recalled([FIRST], known, side_call="title")
    assert (title.pin, title.keeps_turns, looked) == (None, False, [])


def test_an_agent_of_a_session_is_held_in_its_own_tool_exchange() -> None:
    messages = [FIRST, CALLING, RESULT]
    key = answer_key(TENANT, "s/agent", messages, 1) or ""
    found, _ = recalled(messages, {key: pin(COMPLEX)}, session="s/agent", side_call="subagent")
    assert found.pin == pin(COMPLEX)


def test_a_session_is_looked_up_by_its_name_and_its_last_answer() -> None:
    found, looked = recalled([FIRST, SAID, NEXT])
    assert looked == [[session_key(TENANT, "s"), turn_key(TENANT, "s", SAID)]]
    assert found == Recalled(TENANT, "s", session_key(TENANT, "s"), keeps_turns=True)


def test_the_answer_it_goes_on_from_counts_before_the_session() -> None:
    session, answer = pin(SIMPLE, warm_tokens=50), pin(COMPLEX, warm_tokens=70)
    known = {session_key(TENANT, "s"): session, turn_key(TENANT, "s", SAID) or "": answer}
    found, _ = recalled([FIRST, SAID, NEXT], known)
    assert (found.pin, found.answer_pin, found.warm) == (answer, answer, True)


def test_of_a_session_alone_nothing_is_warm() -> None:
    known = {session_key(TENANT, "s"): pin(COMPLEX, warm_tokens=50)}
    found, _ = recalled([FIRST, SAID, NEXT], known)
    assert found.pin == pin(COMPLEX, warm_tokens=0)
    assert (found.answer_pin, found.warm) == (None, False)


def test_who_called_a_tool_is_found_without_a_session() -> None:
    messages = [FIRST, CALLING, RESULT]
    key = answer_key(TENANT, UNNAMED, messages, 1)
    assert key is not None
    found, looked = recalled(messages, {key: pin(COMPLEX)}, session=None)
    assert key in looked[0]
    assert found.answer_pin == found.pin == pin(COMPLEX)
    assert found.session_key is None


@pytest.mark.parametrize(
    ("seen_ago", "known", "warm"),
    [(299, True, True), (301, True, False), (1_799, True, False), (1_801, False, False)],
)
def test_a_pin_has_an_end_and_a_providers_cache_an_earlier_one(
    seen_ago: float, *, known: bool, warm: bool
) -> None:
    kept = {turn_key(TENANT, "s", SAID) or "": pin(seen_at=NOW - seen_ago)}
    found, _ = recalled([FIRST, SAID, NEXT], kept)
    assert (found.pin is not None, found.warm) == (known, warm)


def test_where_nothing_is_held_only_issuers_are_looked_up() -> None:
    messages = [FIRST, THINKING, NEXT]
    key = answer_key(TENANT, "s", messages, 1)
    assert key is not None
    found, looked = recalled(messages, {key: pin(COMPLEX)}, sticky=False)
    assert looked == [[key]]
    assert found.issuers == {1: Issuer("lab", "large-1")}
    assert (found.pin, found.session_key) == (None, None)


def test_of_many_issuers_the_last_64_are_looked_up() -> None:
    messages = [FIRST]
    for number in range(70):
        messages += [{**THINKING, "content": f"{number}"}, {**NEXT, "content": f"Next {number}"}]
    _, looked = recalled(messages, session=None, sticky=False)
    keys = [answer_key(TENANT, UNNAMED, messages, 1 + 2 * number) for number in range(6, 70)]
    assert looked == [keys]


def test_callers_who_write_alike_are_told_apart_by_their_keys() -> None:
    pins = KnownPins({session_key(TENANT, "s"): pin()})
    recall = Recall(pins, SessionRules(), lambda: NOW)  # type: ignore[arg-type]
    found = asyncio.run(recall.recall(asked([FIRST], key=b"another", session="s")))
    assert found.pin is None
