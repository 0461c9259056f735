"""What real clients sent, file by file: the right calls, field by field.

The provider behind them counted 11 prompt tokens (4 of them cached) and 7 completion tokens when
it counted, and answered ``Hello there.`` or called ``weather`` with ``{"city":"Oslo"}``.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from conftest import SHARED

from tierwatch.intake.calls import NO_QUESTION, PARAMETERS_UNSEEN, Call, Readings, together
from tierwatch.intake.otlp.joining import NOTHING, flushed, take
from tierwatch.intake.otlp.requests import JSON, LOGS, PROTOBUF, TRACES, telemetry_of
from tierwatch.wire.json_values import objects

FOLDER = SHARED / "data" / "intake"
NOW = 1_796_100_000.0

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=f"no payloads in {FOLDER}")

HELLO = "Hello there."
WEATHER = "weather"
ASKED = ("Be brief.", "Say hello.")
ALONE = ("Say hello.",)
COUNTED = (11, 7)


class Row(NamedTuple):
    """What is to come out; what is the same for nearly all stands as a default."""

    answer: str = HELLO
    finish: str | None = "stop"
    finished: bool = True
    tokens: tuple[int | None, int | None] = COUNTED
    cached: int = 4
    asked: tuple[str, ...] = ASKED
    tools: tuple[str, ...] = ()
    outside: str = ""
    status: int = 200
    session: bool = False
    first_byte: bool = False
    wire: str = "openai"


UNCOUNTED = Row(tokens=(None, None), cached=0)
STREAM = UNCOUNTED._replace(first_byte=True)
COUNTED_STREAM = Row(first_byte=True)
TOOL = Row(WEATHER, "tool_calls", tools=(WEATHER,))
STREAMED_TOOL = STREAM._replace(answer=WEATHER, finish="tool_calls", tools=(WEATHER,))
RESULT = Row(asked=(*ASKED, "call weather", "sunny"), tools=(WEATHER,))
IMAGE = Row(asked=("What is it?+image_url",))
REFUSED = UNCOUNTED._replace(answer="", finish=None, finished=False, status=429)
BROKEN = STREAM._replace(answer="Hel", finish="error", finished=False, status=502)
CLOSED = STREAM._replace(answer="", finish="error", finished=False)
OSLO = ("Weather in Oslo?",)
OSLO_RESULT = (*OSLO, "call weather", "sunny")

# The first five calls of `otlp_genai_openai.json` without what openai-v2 leaves out.
V2 = Row(cached=0)
V2_TOOL = V2._replace(answer=WEATHER, finish="tool_calls", outside=PARAMETERS_UNSEEN)

TABLE: dict[str, list[Row]] = {
    "otlp_genai_openai": [
        Row(), STREAM, COUNTED_STREAM, TOOL, STREAMED_TOOL, RESULT, IMAGE, REFUSED, BROKEN,
        CLOSED, CLOSED, Row(), STREAM, Row(), COUNTED_STREAM._replace(asked=ALONE),
        TOOL._replace(asked=("Weather?",)),
    ],
    "otlp_genai_openai_event_only": [Row(), TOOL],
    "otlp_openai_v2_default": [
        V2._replace(answer="", finished=False, asked=(), outside=NO_QUESTION),
        V2._replace(answer="", finished=False, asked=(), outside=NO_QUESTION, finish="tool_calls"),
    ],
    "otlp_openai_v2_legacy": [
        V2, UNCOUNTED, V2, V2_TOOL, V2_TOOL._replace(tokens=(None, None)),
        V2._replace(asked=RESULT.asked, outside=PARAMETERS_UNSEEN), V2._replace(asked=IMAGE.asked),
        REFUSED, BROKEN._replace(first_byte=False), CLOSED._replace(first_byte=False), V2,
        UNCOUNTED,
    ],
    "otlp_openai_v2_span_only": [
        V2, UNCOUNTED, V2, V2_TOOL, V2_TOOL._replace(tokens=(None, None)),
        V2._replace(asked=RESULT.asked, outside=PARAMETERS_UNSEEN),
        V2._replace(asked=(), outside=NO_QUESTION),
        REFUSED, BROKEN._replace(first_byte=False), CLOSED._replace(first_byte=False),
        V2._replace(session=True), UNCOUNTED._replace(session=True),
    ],
    "otlp_openllmetry": [
        Row(), STREAM, COUNTED_STREAM, TOOL, STREAMED_TOOL, RESULT,
        Row(asked=(), outside=NO_QUESTION), REFUSED,
        # Both are OK by their status.
        BROKEN._replace(finish=None, status=200), CLOSED._replace(finish=None),
        CLOSED._replace(finish=None), Row(), STREAM, Row(), Row(asked=ALONE),
        TOOL._replace(asked=("Weather?",)),
    ],
    "otlp_openinference": [
        Row(), STREAM, COUNTED_STREAM, TOOL, STREAMED_TOOL, RESULT, IMAGE, REFUSED,
        BROKEN._replace(finish=None), CLOSED._replace(finish=None), CLOSED._replace(finish=None),
        Row(), STREAM, Row(wire="responses"),
        COUNTED_STREAM._replace(asked=ALONE, wire="responses"),
        TOOL._replace(asked=("Weather?",), wire="responses"),
    ],
    "otlp_langfuse_sdk": [
        # A whole answer has no reason.
        Row(finish=None, session=True), STREAM, COUNTED_STREAM, TOOL._replace(finish=None),
        STREAMED_TOOL, REFUSED._replace(status=400),
        BROKEN._replace(finish=None, status=200),
        STREAM._replace(answer="w0 w1 w2 ", finish=None, finished=False),
        Row(), Row("hi", None),
    ],
    "otlp_pydantic_ai": [
        TOOL._replace(asked=("Be brief.", *OSLO), session=True),
        Row(asked=("Be brief.", *OSLO_RESULT), tools=(WEATHER,), session=True),
    ],
    "otlp_vercel_ai_5": [
        Row(cached=0, session=True),
        Row(cached=0, asked=OSLO_RESULT, tools=(WEATHER,), session=True),
        TOOL._replace(cached=0, asked=OSLO, session=True),
        COUNTED_STREAM._replace(asked=ALONE, session=True),
    ],
    "otlp_vercel_ai_7": [
        Row(session=True),
        TOOL._replace(asked=OSLO, session=True),
        Row(asked=OSLO_RESULT, tools=(WEATHER,), session=True),
        COUNTED_STREAM._replace(asked=ALONE, session=True),
        Row(asked=ALONE, session=True),
    ],
    "otlp_claude_code": [
        Row("", None, finished=False, tokens=(18, 7), asked=(), outside=NO_QUESTION, session=True,
            first_byte=True, wire="anthropic"),
    ] * 2,
}  # fmt: skip
PASSED_OVER = {
    # Two records of a request whose stream was abandoned: there is no span.
    "otlp_openai_v2_legacy": {"half": 2},
    "otlp_pydantic_ai": {"frame": 1, "other": 1},
    "otlp_vercel_ai_5": {"frame": 3, "other": 1},
    "otlp_vercel_ai_7": {"frame": 9, "other": 1},
    "otlp_claude_code": {"other": 5},
}


def bodies(name: str) -> Iterator[tuple[str, bytes]]:
    """The requests of a case: its spans, and its log records where it has any."""
    for signal, file in ((TRACES, FOLDER / f"{name}.json"), (LOGS, FOLDER / f"{name}_logs.json")):
        if file.exists():
            value = json.loads(file.read_text())
            for one in value if isinstance(value, list) else [value]:
                yield signal, json.dumps(one).encode()


def readings(name: str) -> Readings:
    waiting, said = NOTHING, []
    for signal, body in bodies(name):
        waiting, found = take(waiting, telemetry_of(signal, JSON, body), NOW)
        said.append(found)
    return together([*said, flushed(waiting, NOW)])


def row_of(call: Call) -> Row:
    return Row(
        _answer(call.answer),
        call.finish_reason,
        call.finished,
        (call.prompt_tokens, call.completion_tokens),
        call.cached_tokens,
        _asked(call.request),
        tuple(tool.get("function", tool)["name"] for tool in objects(call.request.get("tools"))),
        call.outside,
        call.status,
        bool(call.session),
        call.first_byte_ms > 0,
        call.wire,
    )


def _answer(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return ""
    (call,) = objects(answer.get("tool_calls")) or [{}]
    if call:
        assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
        return str(call["function"]["name"])
    return str(answer["content"])


def _asked(request: dict[str, Any]) -> tuple[str, ...]:
    if "input" in request:
        before = [request["instructions"]] if "instructions" in request else []
        return (*before, request["input"])
    return tuple(_said(message) for message in request["messages"])


def _said(message: dict[str, Any]) -> str:
    content = message.get("content")
    if calls := objects(message.get("tool_calls")):
        return f"call {calls[0]['function']['name']}"
    if isinstance(content, list):
        return content[0]["text"] + "".join("+" + part["type"] for part in content[1:])
    return str(content)


@pytest.mark.parametrize("name", TABLE)
def test_each_call_is_what_was_asked_and_answered(name: str) -> None:
    said = readings(name)
    assert [row_of(call) for call in said.calls] == TABLE[name]
    assert said.counted == PASSED_OVER.get(name, {})


@pytest.mark.parametrize("name", TABLE)
def test_each_call_has_an_id_a_time_and_names(name: str) -> None:
    calls = readings(name).calls
    assert len({call.source_id for call in calls}) == len(calls)
    for call in calls:
        assert 1_795_990_000 < call.started_at < 1_796_000_000
        assert call.asked or call.model
        assert call.provider in {"openai", "anthropic", ""}
        # The arithmetic of the manual generation took less than a millisecond.
        assert 0 < call.latency_ms < 10_000


def test_every_payload_of_spans_and_records_stands_in_the_table() -> None:
    files = {
        path.stem.removesuffix("_logs")
        for path in FOLDER.glob("otlp_*.json")
        if "protobuf" not in path.stem and "metrics" not in path.stem
    }
    assert files == TABLE.keys()


def test_protobuf_as_it_was_on_the_wire_says_the_same_as_json() -> None:
    file = json.loads((FOLDER / "otlp_protobuf_requests.json").read_text())
    sources = {"genaispan": "otlp_genai_openai", "llm": "otlp_openllmetry",
               "lf/api/public/otel": "otlp_langfuse_sdk"}  # fmt: skip
    assert file.keys() == sources.keys()
    for name, source in sources.items():
        body = base64.b64decode(file[name]["protobuf_base64"])
        said = take(NOTHING, telemetry_of(TRACES, PROTOBUF, body), NOW)[1]
        by_id = {call.source_id: call for call in readings(source).calls}
        assert said.calls
        for call in said.calls:
            assert row_of(call) == row_of(by_id[call.source_id])


@pytest.mark.parametrize("name", TABLE)
def test_any_order_of_the_requests_says_the_same(name: str) -> None:
    waiting, said = NOTHING, []
    for signal, body in reversed(list(bodies(name))):
        waiting, found = take(waiting, telemetry_of(signal, JSON, body), NOW)
        said.append(found)
    there = {call.source_id: call for call in readings(name).calls}
    back = {call.source_id: call for call in together([*said, flushed(waiting, NOW)]).calls}
    assert back == there
