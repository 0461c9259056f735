"""The table of formats: whatever stands in a file, every line is read or named."""

import json

import pytest
from conftest import SHARED
from factories.otlp import details_of, gen_ai, logs_json, old_records, span, traces_json
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.intake.calls import BAD_LINE, together
from tierwatch.intake.files.kinds import FILE_KINDS
from tierwatch.intake.files.lines import read_lines

NOW = 1_795_000_100.0
KEYS = [
    "id",
    "source_id",
    "started_at",
    "request",
    "response",
    "answer",
    "object",
    "messages",
    "choices",
    "sample",
    "created",
    "created_at",
    "type",
    "startTime",
    "input",
    "output",
    "run_type",
    "start_time",
    "inputs",
    "outputs",
    "extra",
    "request_id",
    "request_created_at",
    "request_body",
    "response_body",
    "provider",
    "metadata",
    "usageDetails",
    "resourceSpans",
    "resourceLogs",
    "role",
    "content",
    "wire",
    "status",
    "answers",
    "served",
    "generations",
    "tags",
    "kwargs",
    "tool_calls",
    "error",
    "data",
    "model",
    "usage",
    "finish_reason",
    "message",
    "completionStartTime",
    "lc",
]
WORDS = ["llm", "GENERATION", "chat.completion", "eval.run.output_item", "openai", "user", "stop",
         "2026-11-18T11:06:40Z", "x", ""]  # fmt: skip
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2_000_000_000) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=10,
)
ROWS = st.dictionaries(st.sampled_from(KEYS), TREES, min_size=2, max_size=9)


@pytest.mark.parametrize("kind", FILE_KINDS)
@settings(max_examples=40)
@given(rows=st.lists(ROWS, min_size=1, max_size=2))
def test_any_objects_are_read_or_named(kind: str, rows: list[dict[str, object]]) -> None:
    reader, accepted = FILE_KINDS[kind].begin(NOW), FILE_KINDS[kind].accepted
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    for one in read_lines(lines, reader, accepted):
        if one.problem:
            assert accepted in one.problem
        for call in one.readings.calls:
            assert call.source_id
            assert not call.finished or (call.answer and not call.error)


@pytest.mark.parametrize("kind", FILE_KINDS)
@settings(max_examples=15)
@given(raw=st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_are_named(kind: str, raw: list[bytes]) -> None:
    kind_of = FILE_KINDS[kind]
    lines = [one.replace(b"\n", b"") + b"\n" for one in raw]
    for one in read_lines(lines, kind_of.begin(NOW), kind_of.accepted):
        assert one.readings.counted == {BAD_LINE: 1} or not one.problem


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_each_says_what_a_line_is(kind: str) -> None:
    assert FILE_KINDS[kind].accepted.startswith("a line is ")


@pytest.mark.parametrize("records_first", [True, False])
def test_otlp_joins_across_the_lines_of_a_file(*, records_first: bool) -> None:
    lines = [
        json.dumps(traces_json([span(gen_ai(None, None)), span(gen_ai(None, None), number=2)])),
        json.dumps(logs_json([details_of(), *old_records(2)])),
    ]
    if records_first:
        lines.reverse()
    kind = FILE_KINDS["otlp"]
    raw = [line.encode() + b"\n" for line in lines]
    said = together(one.readings for one in read_lines(raw, kind.begin(NOW), kind.accepted))
    assert len(said.calls) == 2
    assert all(call.finished and not call.outside for call in said.calls)
    assert said.counted == {}


def test_otlp_says_what_waited_for_nothing_at_the_end() -> None:
    kind = FILE_KINDS["otlp"]
    raw = [json.dumps(traces_json([span(gen_ai(None, None))])).encode() + b"\n"]
    *_, last = read_lines(raw, kind.begin(NOW), kind.accepted)
    assert [call.outside for call in last.readings.calls] == ["intake_no_question"]
    assert last.after.offset == len(raw[0])


@pytest.mark.skipif(not SHARED.exists(), reason=f"no payloads in {SHARED}")
def test_a_payload_as_a_file_of_one_line() -> None:
    kind = FILE_KINDS["otlp"]
    value = json.loads((SHARED / "data" / "intake" / "otlp_vercel_ai_7.json").read_text())
    raw = [json.dumps(value).encode() + b"\n"]
    said = together(one.readings for one in read_lines(raw, kind.begin(2e9), kind.accepted))
    assert len(said.calls) == 5
