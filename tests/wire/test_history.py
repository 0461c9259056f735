"""Histories with what only one model can read, for the same model, another one, another wire."""

import copy
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from factories.wires import request_to_anthropic, request_to_openai
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.history.bound import bound_messages
from tierwatch.wire.history.call_ids import with_anthropic_ids, with_safe_ids, with_short_ids
from tierwatch.wire.history.marks import heard, mentions_reasoning, message_mark
from tierwatch.wire.history.reader import Issuer, Reader
from tierwatch.wire.history.turns import joined_turns, without_orphaned_thinking
from tierwatch.wire.translation import fitted_request

HERE = Issuer("lab", "large-1")
SIBLING = Issuer("lab", "small-1")
STRANGER = Issuer("other", "large-1")
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
CITED = {"type": "text", "text": "It rains.", "citations": [{"encrypted_index": "eA=="}]}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}
GIVEN = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
                                      "content": "sunny"}]}  # fmt: skip
ASKED = {"role": "user", "content": "Weather?"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def reader(issuer: Issuer | None, **changes: Any) -> Reader:
    return Reader(HERE.provider, HERE.model, issuer_of=lambda _: issuer, **changes)


def blocks(*content: Any, issuer: Issuer | None, to: str = "anthropic", **fields: Any) -> Any:
    request = {"messages": [ASKED, {"role": "assistant", "content": list(content)}, GIVEN]}
    before = copy.deepcopy(request | fields)
    fitted = fitted_request(request | fields, wire="anthropic", to=to, reader=reader(issuer))
    assert request | fields == before  # what the caller sent is never changed
    return fitted


def message(issuer: Issuer | None, to: str = "openai", **fields: Any) -> Any:
    said = {"role": "assistant", "content": "It rains.", **fields}
    request = {"messages": [ASKED, said, {"role": "user", "content": "And now?"}]}
    before = copy.deepcopy(request)
    fitted = fitted_request(request, wire="openai", to=to, reader=reader(issuer))
    assert request == before
    return fitted


def test_the_same_model_gets_its_own_unchanged() -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=HERE)
    assert fitted.request["messages"][1]["content"] == [
        THINKING, REDACTED, SEARCH, FOUND, CITED, USE,
    ]  # fmt: skip
    assert not fitted.changes


def test_another_model_of_the_provider_gets_no_thinking_but_the_provider_keeps_its_tools() -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=SIBLING)
    assert fitted.request["messages"][1]["content"] == [SEARCH, FOUND, CITED, USE]
    assert fitted.changes == {"thinking": 1, "redacted_thinking": 1}


@pytest.mark.parametrize("issuer", [STRANGER, None])
def test_another_provider_gets_text_and_calls(issuer: Issuer | None) -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=issuer)
    plain = {"type": "text", "text": "It rains."}
    assert fitted.request["messages"][1]["content"] == [plain, USE]
    assert fitted.changes == {
        "thinking": 1,
        "redacted_thinking": 1,
        "server_tool": 2,
        "citations": 1,
    }


def test_what_nobody_knows_is_kept_for_who_is_trusted() -> None:
    request = {"messages": [ASKED, {"role": "assistant", "content": [THINKING, USE]}, GIVEN]}
    trusting = reader(None, trusts_unknown=True)
    fitted = fitted_request(request, wire="anthropic", to="anthropic", reader=trusting)
    assert fitted.request is request


def test_another_wire_gets_words_for_a_summary_and_counts_the_rest() -> None:
    summary = {"type": "compaction", "content": "They spoke of Rome."}
    fitted = blocks(summary, THINKING, SEARCH, FOUND, USE, issuer=HERE, to="openai")
    assert fitted.changes == {"compaction": 1, "thinking": 1, "server_tool": 2}
    chat = request_to_openai(fitted.request)
    assert chat["messages"][1]["content"] == "They spoke of Rome."
    assert chat["messages"][1]["tool_calls"][0]["id"] == "toolu_1"
    assert chat["messages"][2] == {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"}


def test_a_turn_of_thinking_alone_is_left_out_and_roles_alternate() -> None:
    request = {
        "messages": [
            ASKED,
            {"role": "assistant", "content": [THINKING]},
            {"role": "user", "content": "Well?"},
        ]
    }
    fitted = fitted_request(request, wire="anthropic", to="anthropic", reader=reader(STRANGER))
    assert fitted.request["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Weather?"}, {"type": "text", "text": "Well?"}],
        }
    ]


def test_thinking_is_off_for_the_turn_that_cannot_begin_with_any() -> None:
    enabled = {"type": "enabled", "budget_tokens": 1_024}
    fitted = blocks(THINKING, USE, issuer=SIBLING, thinking=enabled)
    assert "thinking" not in fitted.request
    assert fitted.changes == {"thinking": 1, "thinking_off": 1}
    # Its own thinking, an adaptive model, and a turn that answers no tool stay as they are.
    assert blocks(THINKING, USE, issuer=HERE, thinking=enabled).request["thinking"] == enabled
    adaptive = {"type": "adaptive"}
    assert blocks(THINKING, USE, issuer=SIBLING, thinking=adaptive).request["thinking"] == adaptive
    chat = {"messages": [ASKED, {"role": "assistant", "content": "Yes?"}, ASKED]}
    assert not without_orphaned_thinking({**chat, "thinking": enabled})


def test_thinking_is_off_for_a_tool_exchange_that_comes_from_openai() -> None:
    chat = {
        "model": "m",
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "messages": [
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
    }
    fitted = fitted_request(chat, wire="openai", to="anthropic", reader=reader(None))
    assert fitted.changes == {"thinking_off": 1}
    assert "thinking" not in request_to_anthropic(fitted.request)
    assert "thinking" not in request_to_anthropic(chat)  # the shadow's way has no gateway before it


REASONING = {
    "reasoning_content": "Hm.",
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "eA=="}],
    "thinking_blocks": [THINKING],
}
SIGNED = {**CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}


def test_an_openai_compatible_server_gets_its_own_reasoning_and_nobody_elses() -> None:
    assert not message(HERE, **REASONING, tool_calls=[SIGNED]).changes
    for issuer in (SIBLING, STRANGER, None):
        fitted = message(issuer, **REASONING, tool_calls=[SIGNED])
        assert fitted.request["messages"][1] == {
            "role": "assistant",
            "content": "It rains.",
            "tool_calls": [CALL],
        }
        assert fitted.changes == {"reasoning": 3, "signature": 1}


def test_what_a_provider_stores_is_said_in_words_elsewhere() -> None:
    stored = {
        "content": None,
        "audio": {"id": "audio_1", "transcript": "It rains."},
        "annotations": [{"type": "url_citation"}],
    }
    assert not message(SIBLING, **stored).changes  # the same provider has it still
    fitted = message(STRANGER, **stored)
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "It rains."}
    assert fitted.changes == {"audio": 1, "annotations": 1}


@pytest.mark.parametrize("to", ["openai", "anthropic"])
def test_a_refusal_stays_a_sentence(to: str) -> None:
    fitted = message(STRANGER, to, content=None, refusal="I cannot.")
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "I cannot."}
    assert fitted.changes == {"refusal": 1}
    parts = message(STRANGER, to, content=[{"type": "text", "text": "No."}], refusal="I cannot.")
    assert [p["text"] for p in parts.request["messages"][1]["content"]] == ["No.", "I cannot."]
    both = message(STRANGER, to, content="No.", refusal="I cannot.")
    assert both.request["messages"][1]["content"] == "No.\n\nI cannot."


def test_parts_of_reasoning_are_left_out_and_their_text_stays() -> None:
    content = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "It rains."}]
    fitted = message(STRANGER, "anthropic", content=content)
    assert fitted.request["messages"][1]["content"] == content[1:]
    # Translating alone refuses the part, in a sentence; with the history fitted it goes through.
    assert request_to_anthropic({"model": "m", **fitted.request})["messages"][1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "It rains."}],
    }


def test_empty_fields_as_the_vendors_clients_send_them_bind_nobody() -> None:
    said = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": [], "audio": None}
    cited = {"role": "assistant", "content": [{"type": "text", "text": "Hi", "citations": None}]}
    assert bound_messages([ASKED, said, cited]) == []
    # Servers that do not know the fields refuse them, empty or not; nothing is lost without them.
    fitted = message(None, refusal=None, annotations=[], audio=None)
    assert not fitted.changes
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "It rains."}
    request = {"messages": [ASKED, said]}
    trusting = reader(None, trusts_unknown=True)
    assert fitted_request(request, wire="openai", to="openai", reader=trusting).request is request


def test_marks_for_a_cache_stay_away_from_openai_where_the_tiers_are_mixed() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    request = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", **mark}]}],
        "tools": [{"type": "function", "function": {"name": "f"}, **mark}],
    }
    kept = fitted_request(request, wire="openai", to="openai", reader=reader(None))
    assert kept.request is request
    plain = fitted_request(request, wire="openai", to="openai", reader=reader(None, mixed=True))
    assert plain.changes == {"cache_control": 2}
    assert "cache_control" not in str(plain.request)
    there = fitted_request(request, wire="openai", to="anthropic", reader=reader(None, mixed=True))
    assert str(request_to_anthropic({"model": "m", **there.request})).count("cache_control") == 2


@pytest.mark.parametrize(
    "ids",
    [
        ["functions.weather:0", "functions.weather:1"],
        ["call_0", "call_0"],
        ["", ""],
        ["x" * 65, "ü"],
        [None, 7],
    ],
)
def test_ids_that_anthropic_refuses_are_replaced_and_stay_together(ids: list[Any]) -> None:
    def turn(number: int) -> list[dict[str, Any]]:
        calls = [{**CALL, "id": call_id} for call_id in ids]
        results = [
            {"role": "tool", "tool_call_id": call_id, "content": f"{number}.{place}"}
            for place, call_id in enumerate(ids)
        ]
        return [ASKED, {"role": "assistant", "content": None, "tool_calls": calls}, *results]

    chat = {"model": "m", "messages": [*turn(0), *turn(1)]}
    changes: Counter[str] = Counter()
    out = with_safe_ids(chat["messages"], changes)  # type: ignore[arg-type]
    calls = [call["id"] for one in out for call in one.get("tool_calls") or []]
    answers = [one["tool_call_id"] for one in out if one["role"] == "tool"]
    assert len(set(calls)) == 4
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", call_id) for call_id in calls)
    assert answers == calls
    assert changes["tool_id"] >= 2
    # The beginning of a history gets the same ids whatever follows: a prompt cache stays warm.
    assert with_safe_ids(turn(0)) == list(out[:4])
    sent = request_to_anthropic(chat)["messages"]
    assert [block["id"] for one in sent for block in one["content"] if "id" in block] == calls


def test_good_ids_are_left_alone() -> None:
    messages = [{"role": "assistant", "tool_calls": [CALL]}]
    assert with_safe_ids(messages) is messages
    assert with_short_ids(messages) is messages
    turns = [{"role": "assistant", "content": [USE]}, GIVEN]
    assert with_anthropic_ids(turns) is turns


def test_ids_of_another_provider_are_replaced_in_blocks() -> None:
    turns = [
        {"role": "assistant", "content": [{**USE, "id": "functions.weather:0"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "functions.weather:0"}],
        },
    ]
    out = with_anthropic_ids(turns)
    assert out[0]["content"][0]["id"] == out[1]["content"][0]["tool_use_id"]
    assert re.fullmatch("call_[0-9a-f]{24}", out[0]["content"][0]["id"])


def test_ids_too_long_for_openai_are_shortened() -> None:
    long = "toolu_" + "x" * 60
    messages = [
        {"role": "assistant", "tool_calls": [{**CALL, "id": long}]},
        {"role": "tool", "tool_call_id": long, "content": "sunny"},
    ]
    out = with_short_ids(messages)
    assert out[0]["tool_calls"][0]["id"] == out[1]["tool_call_id"]
    assert len(out[1]["tool_call_id"]) <= 40


def test_a_message_is_known_again_on_either_wire() -> None:
    said = {"role": "assistant", "content": "It rains.\n\nIn Rome."}
    parts = {"role": "assistant", "content": [
        THINKING, {"type": "text", "text": "It rains."}, {"type": "text", "text": "In Rome."},
    ]}  # fmt: skip
    assert message_mark(said) == message_mark(parts)
    assert message_mark(said) != message_mark({"content": "It rains."})
    assert message_mark({"content": None}) is None
    assert message_mark({"content": [THINKING]}) is None
    assert message_mark({"tool_calls": [{"id": "", "function": {"name": "f"}}]}) is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"content":[{"type":"thinking","thinking":""}]}',
        b'{"type":"redacted_thinking"}',
        b'{"delta":{"reasoning_content":"Hm"}}',
        b'{"message":{"reasoning":"Hm"}}',
        b'"extra_content":{"google":{"thought_signature":"x"}}',
    ],
)
def test_replies_that_hold_reasoning_are_noticed(raw: bytes) -> None:
    assert mentions_reasoning(raw)
    assert not mentions_reasoning(b'{"choices":[{"message":{"content":"I was thinking."}}]}')


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


def test_what_is_nested_deeply_is_read_as_far_as_it_has_a_meaning() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [{"type": "tool_result", "content": deep}]
    assert heard({"role": "user", "content": deep}) == ""
    assert message_mark({"role": "assistant", "content": deep}) is None
