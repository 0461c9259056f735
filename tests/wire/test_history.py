"""Whatever a history holds, nothing that was said is lost on its way to another model."""

import copy
from itertools import pairwise
from typing import Any

from factories.histories import HERE, SIBLING, STRANGER, THINKING, reader
from factories.wires import request_to_anthropic
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.history.bound import bound_messages
from tierwatch.wire.history.marks import heard, message_mark
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.history.turns import joined_turns
from tierwatch.wire.translation import fitted_request

REASONING = {
    "reasoning_content": "Hm.",
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "eA=="}],
    "thinking_blocks": [THINKING],
}


TEXT = st.text(min_size=1, max_size=12).filter(str.strip)


ISSUERS = st.sampled_from([HERE, SIBLING, STRANGER, None])


IDS = st.sampled_from(["a", "a", "b", "functions.f:0", "", "x" * 70])


@st.composite
def openai_histories(draw: Any) -> list[dict[str, Any]]:
    """Conversations of a caller on OpenAI's wire, well formed, with what servers add."""
    messages: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        messages.append({"role": "user", "content": draw(TEXT)})
        for _ in range(draw(st.integers(0, 2))):
            ids = draw(st.lists(IDS, min_size=1, max_size=3))
            arguments = [draw(st.sampled_from(["{}", '{"a": 1}', "nonsense"])) for _ in ids]
            calls = [
                {
                    "id": call_id,
                    "type": "function",
                    "function": {"name": f"f{place}", "arguments": text},
                }
                for place, (call_id, text) in enumerate(zip(ids, arguments, strict=True))
            ]
            extra = draw(st.sampled_from([{}, REASONING, {"refusal": None, "audio": None}]))
            text = draw(st.none() | TEXT)
            messages.append({"role": "assistant", "content": text, "tool_calls": calls, **extra})
            messages += [
                {"role": "tool", "tool_call_id": call_id, "content": draw(TEXT)} for call_id in ids
            ]
        extra = draw(st.sampled_from([{}, REASONING, {"annotations": [{"a": 1}]}]))
        messages.append({"role": "assistant", "content": draw(TEXT), **extra})
    messages.append({"role": "user", "content": draw(TEXT)})
    return messages


def said_in_openai(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Every text, call and result, in order."""
    told = []
    for one in messages:
        role = "result" if one["role"] == "tool" else one["role"]
        if one.get("content"):
            told.append((role, one["content"]))
        told += [("call", call["function"]["name"]) for call in one.get("tool_calls") or []]
    return told


def said_in_anthropic(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        ("call", block["name"])
        if block["type"] == "tool_use"
        else ("result", block["content"])
        if block["type"] == "tool_result"
        else (one["role"], block["text"])
        for one in messages
        for block in blocks_of(one["content"])
    ]


def blocks_of(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


@given(
    openai_histories(), st.lists(ISSUERS, min_size=40, max_size=40), st.sampled_from([True, False])
)
def test_nothing_that_was_said_is_lost_on_the_way_to_openai(
    messages: list[dict[str, Any]], issuers: list[Any], mixed: object
) -> None:
    reads = Reader(HERE.provider, HERE.model, issuer_of=issuers.__getitem__, mixed=bool(mixed))
    fitted = fitted_request({"messages": messages}, wire="openai", to="openai", reader=reads)
    sent = fitted.request["messages"]
    assert said_in_openai(sent) == said_in_openai(messages)
    for index, one in enumerate(sent):
        if issuers[index] != HERE:
            assert not one.keys() & {"reasoning_content", "reasoning_details", "thinking_blocks"}


@given(openai_histories(), st.lists(ISSUERS, min_size=40, max_size=40))
def test_nothing_that_was_said_is_lost_on_the_way_to_anthropic(
    messages: list[dict[str, Any]], issuers: list[Any]
) -> None:
    reads = Reader(HERE.provider, HERE.model, issuer_of=issuers.__getitem__)
    fitted = fitted_request({"messages": messages}, wire="openai", to="anthropic", reader=reads)
    sent = request_to_anthropic({"model": "m", **fitted.request})["messages"]
    assert said_in_anthropic(sent) == said_in_openai(messages)
    roles = [one["role"] for one in sent]
    assert all(a != b for a, b in pairwise(roles))
    open_calls: list[str] = []
    seen: set[str] = set()
    for one in sent:
        found = [block for block in one["content"] if isinstance(block, dict)]
        results = [block["tool_use_id"] for block in found if block["type"] == "tool_result"]
        assert results == open_calls
        open_calls = [block["id"] for block in found if block["type"] == "tool_use"]
        assert not seen & set(open_calls)
        assert len(set(open_calls)) == len(open_calls)
        seen |= set(open_calls)
    assert joined_turns(sent) == sent


KEYS = st.sampled_from(
    ["role", "content", "type", "text", "id", "tool_calls", "function", "name", "tool_call_id",
     "tool_use_id", "thinking", "signature", "audio", "refusal", "citations", "cache_control"]
)  # fmt: skip


WORDS = st.sampled_from(
    ["assistant", "user", "tool", "text", "thinking", "tool_use", "tool_result"]
)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(
    st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=5),
    st.sampled_from([("openai", "openai"), ("openai", "anthropic"), ("anthropic", "anthropic"),
                     ("anthropic", "openai")]),
    ISSUERS,
)  # fmt: skip
def test_whatever_callers_send_nothing_breaks(
    messages: list[dict[str, Any]], wires: tuple[str, str], issuer: Any
) -> None:
    request = {"messages": messages, "thinking": {"type": "enabled"}, "tools": messages}
    before = copy.deepcopy(request)
    wire, to = wires
    fitted = fitted_request(request, wire=wire, to=to, reader=reader(issuer, mixed=True))
    assert request == before
    assert all(count > 0 for count in fitted.changes.values())
    # Fitting once is enough.
    again = fitted_request(fitted.request, wire=wire, to=to, reader=reader(issuer, mixed=True))
    assert again.request == fitted.request
    for index in bound_messages(messages):
        assert messages[index]["role"] == "assistant"
    for message in messages:
        message_mark(message)
        assert isinstance(heard(message), str)
