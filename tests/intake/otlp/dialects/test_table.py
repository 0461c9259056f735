"""Whose a span is, and that no dialect raises, whatever stands in its attributes."""

import json

import pytest
from factories.otlp import OPENLLMETRY, V2, details_of, old_records, record, span
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import OTHER
from tierwatch.intake.otlp.dialects.claude_code import SCOPE, call_of_event
from tierwatch.intake.otlp.dialects.table import _BY_ATTRIBUTE, _BY_SCOPE, dialect_of
from tierwatch.intake.otlp.telemetry import Event

SCOPES = [*_BY_SCOPE, "ai", "logfire", "openinference.instrumentation.openai"]
NAMES = [
    *_BY_ATTRIBUTE, "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions",
    "gen_ai.system_instructions", "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens",
    "gen_ai.output.type", "gen_ai.request.structured_output_schema", "error.type",
    "input.value", "output.value", "llm.finish_reason", "llm.invocation_parameters",
    "llm.input_messages.0.message.role", "llm.input_messages.0.message.content", "tag.tags",
    "llm.output_messages.0.message.content", "llm.tools.0.tool.json_schema",
    "langfuse.observation.input", "langfuse.observation.output", "langfuse.observation.level",
    "langfuse.observation.usage_details", "langfuse.observation.completion_start_time",
    "langfuse.observation.metadata.finish_reason", "langfuse.observation.model.parameters",
    "ai.prompt.messages", "ai.response.text", "ai.response.toolCalls", "ai.prompt.tools",
    "ai.prompt.toolChoice", "ai.response.finishReason", "gen_ai.prompt.0.content",
    "gen_ai.prompt.0.role", "gen_ai.completion.0.content", "gen_ai.completion.0.finish_reason",
]  # fmt: skip
WORDS = ["user", "assistant", "tool", "text", "stop", "error", "", "chat", "LLM", "generation",
         "tool_calls", "blob", "message", "function_call",
         "ai.generateText.doGenerate"]  # fmt: skip
KEYS = ["role", "parts", "content", "type", "text", "tool_calls", "function", "name", "arguments",
        "messages", "input", "output", "choices", "message", "finish_reason", "id", "status",
        "toolCallId", "tools"]  # fmt: skip
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.sampled_from(WORDS) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=14,
)
VALUES = TREES | TREES.map(json.dumps)


@pytest.mark.parametrize(
    ("scope", "attributes", "name"),
    [
        ("opentelemetry.instrumentation.genai.openai", {}, "genai-openai"),
        (V2, {}, "openai-v2"),
        ("opentelemetry.util.genai.handler", {}, "openai-v2"),
        (OPENLLMETRY, {}, "openllmetry"),
        ("opentelemetry.instrumentation.anthropic", {}, "openllmetry"),
        ("openinference.instrumentation.langchain", {}, "openinference"),
        ("langfuse-sdk", {}, "langfuse"),
        ("pydantic-ai", {}, "pydantic-ai"),
        ("gen_ai", {}, "vercel-7"),
        ("ai", {"ai.operationId": "ai.generateText"}, "vercel-5"),
        ("mine", {"langfuse.observation.type": "generation"}, "langfuse"),
        ("mine", {"openinference.span.kind": "LLM"}, "openinference"),
        (
            "logfire",
            {"model_request_parameters": "{}", "gen_ai.operation.name": "chat"},
            "pydantic-ai",
        ),
        ("mine", {"gen_ai.operation.name": "chat"}, "conventions"),
        ("mine", {"gen_ai.request.model": "small"}, "conventions"),
    ],
)
def test_whose_a_span_is(scope: str, attributes: dict[str, object], name: str) -> None:
    dialect = dialect_of(span(attributes, scope=scope))
    assert dialect is not None
    assert dialect.name == name


def test_spans_of_databases_and_http_are_nobodys() -> None:
    assert dialect_of(span({"db.system": "postgresql"}, scope="mine")) is None
    under_the_same_prefix = span(
        {"http.method": "GET"}, scope="opentelemetry.instrumentation.requests"
    )
    dialect = dialect_of(under_the_same_prefix)
    assert dialect is not None
    assert dialect.kind_of(under_the_same_prefix) == OTHER


@given(
    scope=st.sampled_from(SCOPES),
    attributes=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=9),
    failed=st.booleans(),
    body=TREES,
)
def test_no_attributes_raise_and_no_call_is_finished_without_an_answer(
    scope: str, attributes: dict[str, object], body: object, *, failed: bool
) -> None:
    one = span(
        attributes,
        scope=scope,
        failed=failed,
        events=[Event("gen_ai.choice", 1, {"message": body})],
    )
    dialect = dialect_of(one)
    if dialect is None:
        return
    dialect.kind_of(one)
    dialect.waits(one)
    for records in ((), (details_of(),), tuple(old_records()), (record("gen_ai.choice", body),)):
        call = dialect.call_of(one, records)
        assert call.source_id
        if call.finished:
            assert call.answer
            assert call.answer.get("content") or call.answer.get("tool_calls")
            assert call.error == ""
            assert not failed


@given(st.dictionaries(st.sampled_from(["model", "session.id", "input_tokens", "duration_ms",
                                        "cost_usd", "status_code", "error"]), TREES))  # fmt: skip
def test_no_event_raises(attributes: dict[str, object]) -> None:
    for name in ("api_request", "api_error"):
        assert call_of_event(record(name, attributes=attributes, scope=SCOPE)) is not None
