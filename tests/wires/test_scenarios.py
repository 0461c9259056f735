"""What the matrix is built from: its questions are good ones, and its reader misses no loss."""

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from factories.crossings.losses import losses, read
from factories.crossings.replies import read_stream, read_whole
from factories.crossings.scenarios import PATHS, SCENARIOS, WIRES, Body, Scenario, ask, with_parts
from fakes.vendor.server import Vendor

MODELS = {
    "openai": ("gpt-4.1", "gpt-5"),
    "anthropic": ("claude-haiku-4-5", "claude-opus-4-8"),
    "responses": ("gpt-4o", "gpt-5"),
}
KEYS = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
ASKED = [
    pytest.param(wire, scenario, id=f"{scenario.name}, {wire}")
    for scenario in SCENARIOS
    for wire in WIRES
    if scenario.bodies[wire] is not None
]


def post(vendor: Vendor, wire: str, body: Body) -> httpx.Response:
    return httpx.post(vendor.url + PATHS[wire], json=body, headers=KEYS, trust_env=False)


@pytest.mark.parametrize(("wire", "scenario"), ASKED)
def test_a_vendor_of_its_own_wire_takes_each_question(
    vendor: Vendor, wire: str, scenario: Scenario
) -> None:
    body = scenario.bodies[wire] or {}
    if scenario.within:
        assert read(wire, body).said
        return
    answers = [post(vendor, wire, {"model": model, **body}) for model in MODELS[wire]]
    assert scenario.status in [answer.status_code for answer in answers]


# What names nothing that a vendor could do or leave.
SILENT_FIELDS = {"include", "top_logprobs"}


@pytest.mark.parametrize(("wire", "scenario"), ASKED)
def test_nothing_is_lost_between_a_question_and_itself_and_each_field_counts(
    wire: str, scenario: Scenario
) -> None:
    body = scenario.bodies[wire] or {}
    asked = read(wire, body)
    assert losses(asked, asked) == []
    for field in body.keys() - {"messages", "input", "tools"} - SILENT_FIELDS:
        gone = {field, f"top_{field}"}
        without = {name: value for name, value in body.items() if name not in gone}
        if field == "max_tokens" and wire == "anthropic":
            without["max_tokens"] = 1  # its wire wants one
        found = losses(asked, read(wire, without))
        assert found, f"the loss of {field} goes unseen"
        assert any(field in {loss.name.split(".")[0], *loss.also} for loss in found)


def _words(body: Body) -> list[Any]:
    listed: list[Any] = body["input" if "input" in body else "messages"]
    return listed


def _changed(body: Body, change: Callable[[Body], None]) -> Body:
    after = copy.deepcopy(body)
    change(after)
    return after


def test_words_that_were_cut_are_found() -> None:
    for wire in WIRES:
        body = ask("Which city lies on the Aare? And on the Reuss?", wire)
        cut = ask("Which city lies on the Aare?", wire)
        assert [loss.name for loss in losses(read(wire, body), read(wire, cut))] == ["user"]
        bare = ask("Which city lies on the Aare? And on the Reuss?", wire)
        bare = {k: v for k, v in bare.items() if k not in {"system", "instructions"}}
        if wire == "openai":
            bare["messages"] = bare["messages"][1:]
        assert [loss.name for loss in losses(read(wire, body), read(wire, bare))] == ["system"]


@pytest.mark.parametrize("kind", ["image", "file"])
def test_a_medium_that_became_words_is_found(kind: str) -> None:
    (scenario,) = [one for one in SCENARIOS if one.name == kind]
    for wire in WIRES:
        marked = with_parts(wire, [("text", "Which city lies on the Aare?"), ("text", "[image]")])
        found = losses(read(wire, scenario.bodies[wire] or {}), read(wire, marked))
        assert [loss.name for loss in found] == [kind]


def test_a_result_that_lost_its_failure_or_its_words_is_found() -> None:
    (scenario,) = [one for one in SCENARIOS if one.name == "tool results"]
    body = scenario.bodies["anthropic"] or {}
    asked = read("anthropic", body)

    def forgive(after: Body) -> None:
        del _words(after)[2]["content"][1]["is_error"]

    def say_so(after: Body) -> None:
        forgive(after)
        _words(after)[2]["content"][1]["content"] = "Error: no such city"

    def empty(after: Body) -> None:
        _words(after)[2]["content"][0]["content"] = ""

    def swap(after: Body) -> None:
        _words(after)[1]["content"].reverse()

    def found(change: Callable[[Body], None]) -> list[str]:
        return [one.name for one in losses(asked, read("anthropic", _changed(body, change)))]

    assert found(forgive) == ["is_error"]
    assert found(say_so) == []
    assert found(empty) == ["result"]
    assert "call" in found(swap)


def test_schemas_may_be_tightened_but_say_no_less() -> None:
    def asked(schema: Body) -> Any:
        body = ask("Hi", "anthropic", tools=[{"name": "f", "input_schema": schema}])
        return read("anthropic", body)

    city = {"type": "string", "minLength": 1}
    loose = {"type": "object", "properties": {"city": city, "days": {"type": "integer"}},
             "required": ["city"]}  # fmt: skip
    strict = copy.deepcopy(loose) | {"additionalProperties": False, "required": ["city", "days"]}
    strict["properties"]["days"] = {"type": ["integer", "null"]}
    assert losses(asked(loose), asked(strict)) == []
    for lost in (
        {**loose, "properties": {"city": city}},
        {**loose, "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
        {"type": "object", "properties": {}},
    ):
        (loss,) = losses(asked(loose), asked(lost))
        assert loss.name == "tools"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("mark", ["", "[[call 2]]", "[[length]]", "[[refuse]]", "[[say Grüezi]]"])
def test_a_stream_and_a_whole_answer_read_alike(vendor: Vendor, wire: str, mark: str) -> None:
    (scenario,) = [one for one in SCENARIOS if one.name == "parallel tools"]
    tools = (scenario.bodies[wire] or {})["tools"]
    body = {"model": MODELS[wire][1], **ask(f"Well? {mark}", wire), "tools": tools}
    more = {"stream_options": {"include_usage": True}} if wire == "openai" else {}
    whole = read_whole(wire, 200, post(vendor, wire, body).content)
    streamed = read_stream(wire, post(vendor, wire, {**body, "stream": True, **more}).content)
    assert whole.problems == streamed.problems == []
    assert streamed == whole
    assert len(whole.calls) == (2 if "call" in mark else 0)


BROKEN = {
    "a second id": (b'"resp_', b'"resp_x', "2 ids"),
    "a piece gone": (b'"delta": "', b'"delta": "x', "not its whole"),
    "an item renamed": (b'"item": {"id": "msg_', b'"item": {"id": "msg_x', "id of an item changed"),
}


@pytest.mark.parametrize(("before", "after", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_response_stream_that_contradicts_itself_is_a_problem(
    vendor: Vendor, before: bytes, after: bytes, problem: str
) -> None:
    body = {"model": "gpt-4o", **ask("Hi", "responses"), "stream": True}
    data = post(vendor, "responses", body).content
    place = data.rindex(before)
    told = read_stream("responses", data[:place] + after + data[place + len(before) :])
    assert problem in " ".join(told.problems)


@pytest.mark.parametrize("wire", WIRES)
def test_an_end_that_does_not_come_is_seen(vendor: Vendor, wire: str) -> None:
    for mark, error in (("within", True), ("break", False)):
        body = {"model": MODELS[wire][0], **ask(f"[[{mark}]]", wire), "stream": True}
        content = b""
        try:
            with httpx.stream(
                "POST", vendor.url + PATHS[wire], json=body, headers=KEYS, trust_env=False
            ) as reply:
                for piece in reply.iter_bytes():
                    content += piece
        except httpx.RemoteProtocolError:
            assert mark == "break"
        got = read_stream(wire, content)
        assert not got.ended
        assert bool(got.error) is error


def test_envelopes_are_those_of_the_wire() -> None:
    chat = json.dumps({"error": {"message": "No.", "type": "x", "param": None, "code": None}})
    messages = json.dumps({"type": "error", "error": {"message": "No.", "type": "x"}})
    assert read_whole("openai", 400, chat.encode()).problems == []
    assert read_whole("anthropic", 400, messages.encode()).problems == []
    assert read_whole("anthropic", 400, chat.encode()).problems == ["not the envelope of messages"]
    assert read_whole("openai", 400, b'{"detail": "no"}').problems
    assert read_whole("openai", 400, b"<html>").problems == ["not JSON"]
