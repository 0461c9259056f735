"""Messages in the conventions' parts, as OpenAI's wire has them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import NO_QUESTION, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.parts import (
    instructions,
    said_messages,
    tool_call,
    with_known_calls,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "parts", "type", "content", "id", "name", "arguments", "response",
                         "result", "mime_type", "modality", "uri", "tool_calls"]),
        inner | st.sampled_from(["user", "assistant", "tool", "text", "tool_call", "blob", "uri",
                                 "tool_call_response", "file"]),
        max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


def one(role: str, *parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, "parts": list(parts), "name": None}]


def test_a_conversation_with_a_tool() -> None:
    said = said_messages(
        [
            *one("system", {"type": "text", "content": "Be short."}),
            *one("user", {"type": "text", "content": "Which shelf?"}),
            *one(
                "assistant",
                {"type": "reasoning", "content": "Hm."},
                {"type": "tool_call", "id": "c1", "name": "find", "arguments": {"isbn": "1"}},
            ),
            *one("tool", {"type": "tool_call_response", "id": "c1", "response": "four"}),
        ]
    )
    assert said.outside == ""
    assert said.messages == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Which shelf?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [tool_call("c1", "find", '{"isbn":"1"}')],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "four"},
    ]


def test_a_users_results_of_tools_are_messages_of_their_own_before_its_text() -> None:
    """pydantic-ai gives results the role of the user, and calls them ``result``."""
    said = said_messages(
        one(
            "user",
            {"type": "tool_call_response", "id": "c1", "name": "find", "result": {"shelf": 4}},
            {"type": "text", "content": "And now?"},
        )
    )
    assert said.messages == [
        {"role": "tool", "tool_call_id": "c1", "content": '{"shelf":4}'},
        {"role": "user", "content": "And now?"},
    ]


def test_arguments_are_text_whether_they_came_as_text_or_not() -> None:
    for given_as in ({"city": "Oslo"}, '{"city":"Oslo"}'):
        assert tool_call("c", "f", given_as)["function"]["arguments"] == '{"city":"Oslo"}'
    assert tool_call("c", "f", None)["function"]["arguments"] == "{}"


def test_several_texts_of_an_answer_are_one_and_an_empty_one_is_none() -> None:
    said = said_messages(
        one(
            "assistant", {"type": "text", "content": "Shelf "}, {"type": "text", "content": "four."}
        )
    )
    assert said.messages == [{"role": "assistant", "content": "Shelf four."}]
    assert said_messages(one("assistant", {"type": "text", "content": ""})).messages == []


def test_an_empty_text_before_a_call_is_no_text() -> None:
    """OpenLLMetry's streamed calls have one."""
    (message,) = said_messages(
        one(
            "assistant",
            {"type": "text", "content": ""},
            {"type": "tool_call", "id": "c", "name": "f"},
        )
    ).messages
    assert message["content"] is None


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
        ),
        (
            {"type": "uri", "modality": "image", "uri": "https://shelf.example/a.png"},
            {"type": "image_url", "image_url": {"url": "https://shelf.example/a.png"}},
        ),
        (
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "UklG"},
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        ),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "file": {"file_id": "f1"}}),
    ],
)
def test_media_are_parts_of_their_own(part: dict[str, Any], wanted: dict[str, Any]) -> None:
    said = said_messages(one("user", {"type": "text", "content": "What is it?"}, part))
    assert said.messages[0]["content"] == [{"type": "text", "text": "What is it?"}, wanted]
    assert said.outside == ""


@pytest.mark.parametrize(
    ("part", "outside"),
    [
        ({"type": "blob", "modality": "image", "mime_type": "image/png"}, TRUNCATED),
        ({"type": "blob", "modality": "image", "content": "iVBO"}, TRUNCATED),
        ({"type": "uri", "modality": "video", "uri": "https://shelf.example/a.mp4"}, TRUNCATED),
        ({"type": "file"}, TRUNCATED),
        ({"type": "hologram"}, TRUNCATED),
        ({"type": "server_tool_call"}, PARAMETERS_UNSEEN),
    ],
)
def test_a_part_that_cannot_be_asked_again_is_said(part: dict[str, Any], outside: str) -> None:
    assert said_messages(one("user", {"type": "text", "content": "?"}, part)).outside == outside


def test_a_message_without_parts_has_lost_them() -> None:
    """openai-v2 exports content that was given as a list as ``parts: []``."""
    assert said_messages(one("user")).outside == NO_QUESTION
    assert said_messages(one("system")).outside == TRUNCATED


def test_an_unknown_role_is_not_guessed() -> None:
    assert said_messages(one("oracle", {"type": "text", "content": "?"})).outside == TRUNCATED


def test_a_message_in_openais_own_form_stays_one() -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "Which shelf?"}]}
    assert said_messages([message]).messages == [message]


def test_the_reason_of_the_last_message_is_the_answers() -> None:
    value = one("assistant", {"type": "text", "content": "a"})
    value[0]["finish_reason"] = "tool_call"
    assert said_messages(value).finish == "tool_call"


def test_instructions_are_a_system_message() -> None:
    assert instructions([{"type": "text", "content": "Be short."}]).messages == [
        {"role": "system", "content": "Be short."}
    ]
    assert instructions("Be short.").messages == [{"role": "system", "content": "Be short."}]
    assert instructions([]).messages == instructions("").messages == []


def test_results_find_their_calls_where_the_ids_are_of_two_kinds() -> None:
    """Of Responses, OpenLLMetry names the item (``fc_1``), and the result its call (``call_1``)."""
    asked = [
        {
            "role": "assistant",
            "tool_calls": [tool_call("fc_1", "f", "{}"), tool_call("fc_2", "g", "{}")],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "a"},
        {"role": "tool", "tool_call_id": "call_2", "content": "b"},
    ]
    known = with_known_calls(asked)
    assert [call["id"] for call in known[0]["tool_calls"]] == ["call_1", "call_2"]
    assert known[1:] == asked[1:]


def test_calls_that_are_answered_keep_their_ids() -> None:
    asked = [
        {"role": "assistant", "tool_calls": [tool_call("c1", "f", "{}")]},
        {"role": "tool", "tool_call_id": "c1", "content": "a"},
    ]
    assert with_known_calls(asked) is asked


@given(ANYTHING)
def test_any_tree_is_messages_or_says_what_is_missing(value: object) -> None:
    said = said_messages(value)
    instructions(value)
    with_known_calls(said.messages)
    assert all(isinstance(message["role"], str) for message in said.messages)
    spoken = [message for message in said.messages if message["role"] == "assistant"]
    assert all(message.get("content") or message.get("tool_calls") for message in spoken)
