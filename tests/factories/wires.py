"""Requests, replies and streams said on one wire and then on the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.sse import SSEDecoder, SSEEvent
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.wires import WIRES


def request_said(body: Mapping[str, Any], *, on: str, to: str) -> dict[str, Any]:
    """A request of one wire as the body for another."""
    return WIRES[to].write_request(WIRES[on].read_request(body)).request


def request_to_anthropic(body: Mapping[str, Any]) -> dict[str, Any]:
    return request_said(body, on=OPENAI, to=ANTHROPIC)


def request_to_openai(body: Mapping[str, Any]) -> dict[str, Any]:
    return request_said(body, on=ANTHROPIC, to=OPENAI)


def reply_said(body: object, *, on: str, to: str, created: int = 0) -> dict[str, Any]:
    """A whole answer of one wire as the body for a caller on another."""
    return WIRES[to].write_reply(WIRES[on].read_reply(body, created=created))


def reply_to_anthropic(body: object) -> dict[str, Any]:
    return reply_said(body, on=OPENAI, to=ANTHROPIC)


def reply_to_openai(body: object, *, created: int = 0) -> dict[str, Any]:
    return reply_said(body, on=ANTHROPIC, to=OPENAI, created=created)


def events(stream: bytes) -> list[SSEEvent]:
    """The events of a stream that is all there."""
    return SSEDecoder().feed(stream)


def put_together(chunks: Iterable[object]) -> StreamAnswer:
    """The answer that chunks add up to."""
    answer = StreamAnswer()
    for chunk in chunks:
        answer.feed(chunk)
    return answer
