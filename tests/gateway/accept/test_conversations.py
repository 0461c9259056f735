import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwatch.config import load_config
from tierwatch.gateway.accept.conversations import (
    Conversation,
    Conversations,
    deployment_secret,
)
from tierwatch.loop.capture.redact import redact

HERE = Conversations(b"secret")
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}
USER = {"role": "user", "content": "Plan the move of our database."}
SAID = {"role": "assistant", "content": "First a replica."}
MORE = {"role": "user", "content": "And then?"}


def found(
    messages: list[Any],
    *,
    headers: dict[bytes, bytes] | None = None,
    key: bytes = b"key",
    by: Conversations = HERE,
    **fields: Any,
) -> Conversation:
    request = {"model": "auto", "messages": messages, **fields}
    return by.conversation(headers or {}, request, request, key)


def opening(messages: list[Any], **given: Any) -> str:
    conversation = found(messages, **given)
    assert not conversation.named
    return conversation.session


def test_a_named_conversation_has_its_callers_name() -> None:
    assert found([USER], headers={b"x-session-id": b"s"}) == Conversation(
        "s", named=True, side_call=""
    )


def test_all_turns_of_a_conversation_have_the_name_of_its_first() -> None:
    first = opening([SYSTEM, USER])
    assert opening([SYSTEM, USER, SAID, MORE]) == first
    assert opening([SYSTEM, USER, SAID, MORE, SAID, MORE], temperature=0) == first


@pytest.mark.parametrize(
    "other",
    [
        {"messages": [USER]},
        {"messages": [SYSTEM, {"role": "user", "content": "Plan the move of our databases."}]},
        {"messages": [{**SYSTEM, "content": "You are a pirate."}, USER]},
        {"key": b"another"},
        {"by": Conversations(b"another")},
        {"safety_identifier": "user-2"},
        {"metadata": {"user_id": "user-2"}},
        {"prompt_cache_key": "another-program"},
        {"headers": {b"x-openwebui-user-id": b"user-2"}},
    ],
)
def test_another_beginning_is_another_conversation(other: dict[str, Any]) -> None:
    given_otherwise = {"messages": [SYSTEM, USER], **other}
    messages = given_otherwise.pop("messages")
    assert opening(messages, **given_otherwise) != opening([SYSTEM, USER])


def test_no_part_is_taken_for_another() -> None:
    assert opening([USER], key=b"ab", safety_identifier="c") != opening(
        [USER], key=b"a", safety_identifier="bc"
    )


def in_claude(text: str, reminder: str, **fields: Any) -> dict[str, Any]:
    parts = [f"<system-reminder>{reminder}</system-reminder>", text]
    return {"role": "user", "content": [{"type": "text", "text": p, **fields} for p in parts]}


def test_what_a_program_writes_anew_with_each_turn_splits_nothing() -> None:
    """The day, the folder, the billing line and the documents behind the system prompt's head."""
    head = "You are an agent that works in a terminal and helps its user with their code. " * 2
    begun = [
        {"role": "system", "content": f"x-anthropic-billing-header: v=1;\n{head} Today: 1 May"},
        in_claude("Fix the race.", "The date is 1 May. Files: a.py"),
    ]
    later = [
        {"role": "system", "content": f"x-anthropic-billing-header: v=22;\n{head} Today: 2 May"},
        in_claude("Fix the race.", "The date is 2 May. Files: a.py b.py", cache_control={}),
        SAID,
        in_claude("Now the tests.", "Nothing is to be done."),
    ]
    assert opening(later) == opening(begun)
    clock = [{"role": "system", "content": f"It is {n}:30. Be brief."} for n in (9, 10)]
    assert opening([clock[0], USER]) == opening([clock[1], USER, SAID, MORE])


def test_codex_speaks_before_its_user_does() -> None:
    context = {"role": "user", "content": "<environment_context>/a</environment_context>"}
    moved = {"role": "user", "content": "<environment_context>/b</environment_context>"}
    rules = {"role": "user", "content": "# AGENTS.md instructions for /a\n\nUse tabs."}
    assert opening([rules, context, USER]) == opening([moved, USER, SAID, MORE])


def test_pictures_tell_conversations_apart_that_begin_with_the_same_words() -> None:
    def shown(end: str, text: str = "What is this?") -> list[Any]:
        url = f"data:image/png;base64,{'A' * 400}{end}"
        image = {"type": "image_url", "image_url": {"url": url}}
        return [{"role": "user", "content": [{"type": "text", "text": text}, image]}]

    assert opening(shown("one=")) == opening([*shown("one="), SAID, MORE])
    assert opening(shown("one=")) != opening(shown("two="))
    assert opening(shown("one=", "")) != opening(shown("two=", ""))


def test_a_book_is_told_by_its_ends_and_its_length() -> None:
    def book(middle: str) -> list[Any]:
        return [{"role": "user", "content": f"{'a' * 20_000}{middle}{'z' * 20_000}"}]

    assert opening(book("x")) == opening(book("y"))
    assert opening(book("x")) != opening(book("xx"))


def test_an_agent_of_a_session_is_a_conversation_beside_it() -> None:
    claude = {b"x-claude-code-session-id": b"s", b"x-claude-code-agent-id": b"a"}
    assert found([USER], headers=claude) == Conversation("s/a", named=True, side_call="subagent")
    codex = {b"session-id": b"s", b"thread-id": b"t", b"x-openai-subagent": b"review"}
    assert found([USER], headers=codex) == Conversation("s/t", named=True, side_call="review")
    alone = {b"session-id": b"s", b"thread-id": b"s"}
    assert found([USER], headers=alone) == Conversation("s", named=True, side_call="")


def test_a_name_of_any_length_stays_apart_from_others() -> None:
    one, other = (found([USER], user="u" * 5_000 + end).session for end in "ab")
    assert one != other
    assert len(one) == len(other) == 128
    assert found([USER], user="u" * 128).session == "u" * 128


def test_a_made_name_says_nothing_and_no_redaction_takes_it_for_a_number() -> None:
    for n in range(300):
        name = opening([{"role": "user", "content": f"Question {n}"}])
        assert set(name.removeprefix("opening:")) <= set(string.ascii_lowercase)
        assert redact(name) == name


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@example(content=[{"type": []}], role="user", person=None)
@example(content="x", role=[], person=None)
@given(content=anything, role=st.sampled_from(["user", "system", "tool", "x"]), person=anything)
def test_whatever_is_sent_belongs_somewhere(content: Any, role: Any, person: Any) -> None:
    messages = [{"role": role, "content": content}, {"role": role}]
    assert found(messages, safety_identifier=person, metadata=person).session


def test_the_providers_keys_are_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(
        "routing: {classifier: {kind: static, label: a},"
        " tiers: {a: {model: m, cost: 1, provider: lab}, b: {model: n, cost: 2, provider: lab}}}\n"
        "providers: {lab: {kind: openai, api_key: env:LAB_KEY}, home: {kind: openai}}\n"
    )
    config = load_config(path)
    assert deployment_secret(config, {"LAB_KEY": "k1"}) != deployment_secret(
        config, {"LAB_KEY": "k2"}
    )
    assert deployment_secret(config, {}) == b""
