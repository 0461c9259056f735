"""What its issuer alone takes back, carried home by callers of another wire."""

import json
from typing import Any

import pytest
from factories.wires import events, put_together
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.history.carried import (
    OUR_SIGNATURE,
    is_signed,
    parted_id,
    signature_of,
    signed_id,
)
from tierwatch.wire.history.marks import message_mark
from tierwatch.wire.history.reader import Issuer, Reader
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.translation import caller_reply, fitted_request, provider_request
from tierwatch.wire.wires import WIRES

SIGNATURE = "SIG+/=="
CALL = {
    "id": "call_9",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Bern"}'},
    "extra_content": {"google": {"thought_signature": SIGNATURE}},
}
MESSAGE = {
    "role": "assistant",
    "content": "I look.",
    "tool_calls": [CALL],
    "reasoning_content": "Where?",
}
REPLY = {"id": "c", "model": "m", "choices": [{"message": MESSAGE, "finish_reason": "tool_calls"}]}
THINKS = AnswerTo({"thinking": {"type": "adaptive"}})
HERE = Issuer("lab", "m")


def answered(to: AnswerTo, *, streamed: bool) -> list[dict[str, Any]]:
    """The blocks that a caller on Anthropic's wire gets, and sends back."""
    if not streamed:
        body, _ = caller_reply(ANTHROPIC, OPENAI, b"", REPLY, 5, to=to)
        return json.loads(body)["content"]
    relay = StreamRelay(ANTHROPIC, OPENAI, include_usage=True, created=5, to=to)
    sent = relay.feed(WIRES[OPENAI].whole_stream(REPLY, include_usage=True))
    blocks: list[dict[str, Any]] = []
    for event in events(sent):
        said = json.loads(event.data)
        if event.event == "content_block_start":
            blocks.append(dict(said["content_block"]))
        elif event.event == "content_block_delta":
            for name, more in said["delta"].items():
                if name == "partial_json":
                    blocks[-1]["input"] = json.loads(more)
                elif name == "signature":
                    blocks[-1][name] = more
                elif name != "type":
                    blocks[-1][name] += more
    return blocks


def come_back(blocks: list[dict[str, Any]], issuer: Issuer | None, to: str) -> list[dict[str, Any]]:
    """The messages that a provider gets in the next turn."""
    [call_id] = [block["id"] for block in blocks if block["type"] == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call_id, "content": "sunny"}
    history = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": [result]},
    ]
    request = {"model": "auto", "max_tokens": 9, "messages": history}
    reader = Reader("lab", "m", issuer_of=lambda index: issuer if index == 1 else None)
    fitted = fitted_request(request, wire=ANTHROPIC, to=to, reader=reader).request
    return provider_request(ANTHROPIC, to, fitted, "m").request["messages"]


@pytest.mark.parametrize("streamed", [False, True])
def test_the_model_that_wrote_it_gets_its_own_back(*, streamed: bool) -> None:
    blocks = answered(THINKS, streamed=streamed)
    assert [block["type"] for block in blocks] == ["thinking", "text", "tool_use"]
    _, asked, told = come_back(blocks, HERE, OPENAI)
    assert asked["reasoning_content"] == "Where?"
    assert asked["content"] == "I look."
    [call] = asked["tool_calls"]
    assert (call["id"], signature_of(call)) == ("call_9", SIGNATURE)
    assert told["tool_call_id"] == "call_9"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("issuer", [None, Issuer("lab", "another")])
def test_no_other_model_sees_it(issuer: Issuer | None, *, streamed: bool) -> None:
    blocks = answered(THINKS, streamed=streamed)
    _, asked, told = come_back(blocks, issuer, OPENAI)
    assert asked.keys() == {"role", "content", "tool_calls"}
    assert asked["tool_calls"][0].keys() == {"id", "type", "function"}
    assert told["tool_call_id"] == asked["tool_calls"][0]["id"] == "call_9"


@pytest.mark.parametrize("issuer", [HERE, None])
def test_anthropic_gets_plain_ids_and_none_of_our_thought(issuer: Issuer | None) -> None:
    _, asked, told = come_back(answered(THINKS, streamed=False), issuer, ANTHROPIC)
    assert [block["type"] for block in asked["content"]] == ["text", "tool_use"]
    assert asked["content"][1]["id"] == told["content"][0]["tool_use_id"] == "call_9"


@pytest.mark.parametrize("streamed", [False, True])
def test_thought_is_for_callers_who_asked_for_it(*, streamed: bool) -> None:
    assert [block["type"] for block in answered(NOBODY, streamed=streamed)] == ["text", "tool_use"]


def test_an_answer_is_known_again_by_its_own_id() -> None:
    blocks = answered(NOBODY, streamed=False)
    assert is_signed(blocks[-1]["id"])
    assert message_mark({"content": blocks}) == message_mark(MESSAGE)


def test_thought_that_comes_late_or_after_words_opens_no_block_within_them() -> None:
    chunks = [{"reasoning_content": "a"}, {"content": "x"}, {"reasoning_content": "b"},
              {"content": "y"}]  # fmt: skip
    out = WIRES[ANTHROPIC].stream_out(to=THINKS)
    said = [one for delta in chunks for one in out.feed({"choices": [{"delta": delta}]})]
    kinds = [
        event["content_block"]["type"]
        for name, event in said
        if name == "content_block_start" and isinstance(event, dict)
    ]
    assert kinds == ["thinking", "text"]


def test_thought_alone_is_a_whole_block() -> None:
    out = WIRES[ANTHROPIC].stream_out(to=THINKS)
    said = [*out.feed({"choices": [{"delta": {"reasoning": "a"}}]}), *out.finish()]
    names = [name for name, _ in said]
    assert names == ["message_start", "content_block_start", "content_block_delta",
                     "content_block_delta", "content_block_stop", "message_delta",
                     "message_stop"]  # fmt: skip
    answer = put_together([])
    assert answer.message["content"] is None


@given(st.text("abcXYZ019_-", min_size=1, max_size=20), st.text(min_size=1))
def test_an_id_is_parted_as_it_was_signed(call_id: str, signature: str) -> None:
    signed = signed_id(call_id, signature)
    assert signed.replace("_", "").replace("-", "").isalnum()
    assert parted_id(signed) == (call_id, signature)


@given(st.text())
def test_any_id_can_be_parted(text: str) -> None:
    assert parted_id(f"call{text}")[0] or text
    parted_id(f"call__signed__{text}")


def test_a_signature_stands_in_either_field() -> None:
    assert signature_of({"provider_specific_fields": {"thought_signature": "s"}}) == "s"
    for junk in ({}, {"extra_content": 3}, {"extra_content": {"google": {"thought_signature": 1}}}):
        assert signature_of(junk) == ""
    assert OUR_SIGNATURE
