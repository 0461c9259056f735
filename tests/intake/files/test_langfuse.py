"""Langfuse's exports: what is stored is not what the SDK sent."""

import json
from typing import Any

import pytest
from conftest import SHARED
from factories.otlp import TRACE, call_in, span

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN
from tierwatch.intake.files.langfuse import read
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.otlp.requests import JSON, TRACES, telemetry_of

ROW: dict[str, Any] = {
    "id": "00000000000000aa",
    "traceId": TRACE,
    "type": "GENERATION",
    "startTime": "2026-11-18T11:06:40.000Z",
    "endTime": "2026-11-18T11:06:40.250Z",
    "model": "small-2026",
    "modelParameters": {"temperature": "0.3", "max_tokens": "Infinity"},
    "input": [{"role": "user", "content": "Which shelf?"}],
    "output": {"role": "assistant", "content": "Four."},
    "usageDetails": {"input": 8, "input_cached_tokens": 12, "output": 3,
                     "output_reasoning_tokens": 2, "total": 25},
    "costDetails": {"input": 0.001, "total": 0.004},
    "metadata": {"team": "x"},
    "level": "DEFAULT",
    "sessionId": "talk-1",
    "userId": "reader-9",
    "tags": ["desk"],
}  # fmt: skip


def test_a_generation() -> None:
    (call,) = read(ROW).calls
    assert call.source_id == f"{TRACE}:00000000000000aa"
    assert call.request["messages"] == ROW["input"]
    assert call.answer == ROW["output"]
    assert (call.model, call.session, call.user, call.tags) == (
        "small-2026",
        "talk-1",
        "reader-9",
        ("desk",),
    )
    assert (call.started_at, call.latency_ms) == (1_795_000_000.0, pytest.approx(250, abs=0.01))
    assert (call.finished, call.cost_usd, call.outside) == (True, 0.004, "")


def test_counts_are_whole_again() -> None:
    """Langfuse takes the cached ones off ``input`` and the thoughts off ``output``."""
    (call,) = read(ROW).calls
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)


def test_a_row_of_the_blob_export_has_other_names_and_json_as_text() -> None:
    row = {
        "id": ROW["id"],
        "trace_id": TRACE,
        "type": "GENERATION",
        "start_time": "2026-11-18 11:06:40.000000",
        "end_time": "2026-11-18 11:06:40.250000",
        "provided_model_name": "small-2026",
        "model_parameters": json.dumps(ROW["modelParameters"]),
        "input": json.dumps(ROW["input"]),
        "output": json.dumps(ROW["output"]),
        "usage_details": ROW["usageDetails"],
        "cost_details": ROW["costDetails"],
        "session_id": "talk-1",
        "user_id": "reader-9",
        "tags": ["desk"],
    }
    assert read(row).calls == read(ROW).calls


def test_a_call_that_came_live_is_known_again() -> None:
    live = call_in(
        span(
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.model.name": "small-2026",
                "langfuse.observation.input": json.dumps(ROW["input"]),
                "langfuse.observation.output": json.dumps(ROW["output"]),
            },
            number=0xAA,
            scope="langfuse-sdk",
        )
    )
    assert live.source_id == read(ROW).calls[0].source_id


@pytest.mark.parametrize(("reason", "finished"), [({"finish_reason": "stop"}, True), ({}, False)])
def test_a_stream_needs_a_reason(reason: dict[str, str], *, finished: bool) -> None:
    row = {**ROW, "output": "Four.", "completionStartTime": "2026-11-18T11:06:40.100Z",
           "metadata": reason}  # fmt: skip
    (call,) = read(row).calls
    assert (call.finished, call.answer) == (finished, {"role": "assistant", "content": "Four."})
    assert call.first_byte_ms == pytest.approx(100, abs=0.01)


def test_a_streams_text_that_was_json_is_no_evidence() -> None:
    """Its own words are gone, and it may have been asked for as JSON."""
    row = {**ROW, "output": {"shelf": 4}, "completionStartTime": "2026-11-18T11:06:40.1Z",
           "metadata": {"finish_reason": "stop"}}  # fmt: skip
    assert read(row).calls[0].outside == PARAMETERS_UNSEEN


def test_an_error_is_one() -> None:
    row = {**ROW, "output": None, "level": "ERROR", "statusMessage": "Error code: 429 - slow"}
    (call,) = read(row).calls
    assert (call.status, call.error, call.finished) == (429, "Error code: 429 - slow", False)


@pytest.mark.parametrize(("kind", "what"), [("SPAN", OTHER), ("AGENT", FRAME), ("EVENT", OTHER)])
def test_other_observations_are_passed_over(kind: str, what: str) -> None:
    assert read({**ROW, "type": kind}).counted == {what: 1}


@pytest.mark.parametrize("name", ["id", "type", "startTime"])
def test_a_row_needs_three_fields(name: str) -> None:
    with pytest.raises(NotThisKindError):
        read({**ROW, name: None})


@pytest.mark.skipif(not SHARED.exists(), reason=f"no payloads in {SHARED}")
def test_ids_are_those_of_spans_that_the_sdk_sent() -> None:
    file = SHARED / "data" / "intake" / "otlp_langfuse_sdk.json"
    first = telemetry_of(TRACES, JSON, file.read_bytes()).spans[0]
    (call,) = read({**ROW, "id": first.span_id, "traceId": first.trace_id}).calls
    assert call.source_id == call_in(first).source_id


@pytest.mark.parametrize(
    ("row", "version"),
    [
        ({"promptName": "critic", "promptVersion": 3}, "critic:3"),
        ({"prompt_name": "critic", "prompt_version": "3"}, "critic:3"),
        ({"promptName": "critic", "promptVersion": None}, ""),
        ({}, ""),
    ],
)
def test_the_version_of_a_prompt_is_read(row: dict[str, Any], version: str) -> None:
    (call,) = read(ROW | row).calls
    assert call.prompt_version == version
