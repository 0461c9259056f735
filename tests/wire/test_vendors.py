"""What is written for another wire is what its vendor's own SDK takes, for any well-formed body."""

from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types import message_create_params as anthropic_params
from factories.bodies import PLAIN_REPLIES, PLAIN_REQUESTS, REPLIES
from factories.wires import events, reply_said, request_said
from hypothesis import given
from openai.types.chat import ChatCompletion, ChatCompletionChunk, completion_create_params
from pydantic import TypeAdapter

from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.wires import WIRES

ANTHROPIC_REQUEST: TypeAdapter[Any] = TypeAdapter(anthropic_params.MessageCreateParamsNonStreaming)
OPENAI_REQUEST: TypeAdapter[Any] = TypeAdapter(
    completion_create_params.CompletionCreateParamsNonStreaming
)
STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def whole(request: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in request.items() if not name.startswith("stream")}


@given(PLAIN_REQUESTS[OPENAI])
def test_a_request_for_anthropic(body: dict[str, Any]) -> None:
    ANTHROPIC_REQUEST.validate_python(whole(request_said(body, on=OPENAI, to=ANTHROPIC)))


@given(PLAIN_REQUESTS[ANTHROPIC])
def test_a_request_for_openai(body: dict[str, Any]) -> None:
    OPENAI_REQUEST.validate_python(whole(request_said(body, on=ANTHROPIC, to=OPENAI)))


@given(REPLIES[OPENAI])
def test_a_reply_for_a_caller_of_anthropics(body: dict[str, Any]) -> None:
    ChatCompletion.model_validate(body)  # what was made up is one of theirs
    Message.model_validate(reply_said(body, on=OPENAI, to=ANTHROPIC), strict=True)


@given(REPLIES[ANTHROPIC])
def test_a_reply_for_a_caller_of_openais(body: dict[str, Any]) -> None:
    Message.model_validate(body)
    ChatCompletion.model_validate(reply_said(body, on=ANTHROPIC, to=OPENAI), strict=True)


def streamed(body: dict[str, Any], *, on: str, to: str) -> bytes:
    relay = StreamRelay(to, on, include_usage=True, created=7)
    told = relay.feed(WIRES[on].whole_stream(body, include_usage=True))
    return told + relay.end()


@given(PLAIN_REPLIES[OPENAI])
def test_a_stream_for_a_caller_of_anthropics(body: dict[str, Any]) -> None:
    told = events(streamed(body, on=OPENAI, to=ANTHROPIC))
    for event in told:
        said = STREAM_EVENT.validate_json(event.data, strict=True)
        assert said.type == event.event
    names = [event.event for event in told]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert names.count("content_block_start") == names.count("content_block_stop")


@given(PLAIN_REPLIES[ANTHROPIC])
def test_a_stream_for_a_caller_of_openais(body: dict[str, Any]) -> None:
    *told, done = events(streamed(body, on=ANTHROPIC, to=OPENAI))
    assert done.data == "[DONE]"
    chunks = [ChatCompletionChunk.model_validate_json(event.data, strict=True) for event in told]
    assert {chunk.id for chunk in chunks} == {body["id"]}
    assert {chunk.created for chunk in chunks} == {7}
    # The counts stand alone, in the last chunk.
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


@given(PLAIN_REPLIES[OPENAI])
def test_a_whole_answer_streamed_to_a_caller_of_openais(body: dict[str, Any]) -> None:
    for include_usage in (True, False):
        *told, _ = events(WIRES[OPENAI].whole_stream(body, include_usage=include_usage))
        for event in told:
            ChatCompletionChunk.model_validate_json(event.data, strict=True)


@given(REPLIES[ANTHROPIC])
def test_a_whole_answer_streamed_to_a_caller_of_anthropics(body: dict[str, Any]) -> None:
    for event in events(WIRES[ANTHROPIC].whole_stream(body, include_usage=True)):
        STREAM_EVENT.validate_json(event.data)
