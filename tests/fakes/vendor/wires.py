"""The three wires of the vendor: read a request, check it for its model, write the answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from fakes.vendor import (
    chat_read,
    chat_write,
    messages_read,
    messages_write,
    responses_read,
    responses_write,
)
from fakes.vendor.asked import Asked
from fakes.vendor.models import ANTHROPIC, OPENAI, Model
from fakes.vendor.refusals import RefusedError, anthropic_problem, openai_problem
from fakes.vendor.script import Answer
from fakes.vendor.seals import Seals


class Written(NamedTuple):
    """An answer in bytes: whole, or the events of a stream; what a response keeps."""

    whole: bytes
    events: list[bytes]
    # The event of an error within the stream.
    error: bytes
    kept: tuple[str, tuple[Any, ...]] | None = None


class Wire(NamedTuple):
    """A wire of the vendor."""

    vendor: str
    read: Callable[[Mapping[str, Any], Mapping[str, str], "State", Model | None], Asked]
    check_model: Callable[[Mapping[str, Any], Asked, Model], None]
    write: Callable[[Mapping[str, Any], Asked, Answer, "State"], Written]
    problem: Callable[[RefusedError], dict[str, Any]]


class State:
    """What a vendor keeps: the keys of its seals, and the responses that may be gone on from."""

    def __init__(self) -> None:
        self.seals = {vendor: Seals(vendor) for vendor in (OPENAI, ANTHROPIC)}
        self.responses: dict[str, tuple[Any, ...]] = {}
        self.bodies: dict[str, dict[str, Any]] = {}

    def before(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        """The items before those of this request.

        Raises:
            RefusedError: when the response it goes on from is not kept.
        """
        named = body.get("previous_response_id")
        if named is None:
            return ()
        if named not in self.responses:
            raise RefusedError(
                f"Previous response with id '{named}' not found.",
                param="previous_response_id", code="previous_response_not_found",
            )  # fmt: skip
        return self.responses[named]


_BROKEN = RefusedError("The server had an error while answering.", status=500)
_LOADED = RefusedError("Overloaded", status=529)


def _read_chat(body: Mapping[str, Any], _: Any, __: State, ___: Model | None) -> Asked:
    return chat_read.read(body)


def _write_chat(body: Mapping[str, Any], asked: Asked, answer: Answer, _: State) -> Written:
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return Written(
        json.dumps(chat_write.whole(asked, answer)).encode(),
        chat_write.events(asked, answer, with_usage=with_usage),
        chat_write.event(openai_problem(_BROKEN)),
    )


def _read_messages(
    body: Mapping[str, Any], headers: Mapping[str, str], state: State, model: Model | None
) -> Asked:
    return messages_read.read(body, headers, state.seals[ANTHROPIC], model)


def _write_messages(_: Mapping[str, Any], asked: Asked, answer: Answer, state: State) -> Written:
    seals = state.seals[ANTHROPIC]
    return Written(
        json.dumps(messages_write.whole(asked, answer, seals)).encode(),
        messages_write.events(asked, answer, seals),
        messages_write.event(anthropic_problem(_LOADED)),
    )


def _read_responses(body: Mapping[str, Any], _: Any, state: State, __: Model | None) -> Asked:
    return responses_read.read(body, state.seals[OPENAI], state.before(body))


def _write_responses(
    body: Mapping[str, Any], asked: Asked, answer: Answer, state: State
) -> Written:
    given = dict(body)
    listed = [*(body.get("tools") or ())]
    for item in body.get("input") or ():
        listed += item.get("tools") or () if isinstance(item, Mapping) else ()
    named = {name: space for name, (_, space) in responses_read.read_tools(listed)[0].items()}
    customs = frozenset(_customs(listed))
    answer = replace(answer, namespaces=named, custom=customs)
    seals = state.seals[OPENAI]
    output = responses_write.items(asked, answer, seals, given)
    whole = responses_write.response(asked, answer, given, output)
    failed = {**whole, "status": "failed", "output": [],
              "error": {"code": "server_error", "message": str(_BROKEN)}}  # fmt: skip
    kept = None
    if body.get("store") is not False:
        asking = body.get("input")
        items = [{"role": "user", "content": asking}] if isinstance(asking, str) else asking or []
        kept = (whole["id"], (*state.before(body), *items, *output))
        state.bodies[whole["id"]] = whole
    return Written(
        json.dumps(whole).encode(),
        responses_write.events(asked, answer, seals, given),
        responses_write.event({"type": "response.failed", "response": failed}),
        kept,
    )


def _customs(tools: list[Any]) -> list[str]:
    found = []
    for tool in tools:
        if tool.get("type") == "custom":
            found.append(tool["name"])
        found += _customs(tool.get("tools") or [])
    return found


CHAT = Wire(OPENAI, _read_chat, chat_read.check_model, _write_chat, openai_problem)
MESSAGES = Wire(
    ANTHROPIC, _read_messages, messages_read.check_model, _write_messages, anthropic_problem
)
RESPONSES = Wire(
    OPENAI, _read_responses, responses_read.check_model, _write_responses, openai_problem
)
BY_PATH = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": MESSAGES,
    "/v1/responses": RESPONSES,
}
