"""LangSmith's runs, of wrapped clients and of LangChain."""

import json
from typing import Any

import pytest

from tierwatch.intake.calls import FRAME, NO_ANSWER, OTHER, PARAMETERS_UNSEEN
from tierwatch.intake.files.langsmith import read
from tierwatch.intake.files.lines import NotThisKindError

ASKED = [{"role": "user", "content": "Which shelf?"}]
RUN: dict[str, Any] = {
    "id": "run-1",
    "trace_id": "trace-1",
    "parent_run_id": "run-0",
    "run_type": "llm",
    "start_time": "2026-11-18T11:06:40",
    "end_time": "2026-11-18T11:06:40.250",
    "first_token_time": "2026-11-18T11:06:40.100",
    "inputs": {"messages": ASKED, "model": "small", "temperature": 0.3},
    "outputs": {
        "id": "c1",
        "model": "small-2026",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "4."}}
        ],
        "usage_metadata": {"input_tokens": 20, "output_tokens": 5},
    },
    "extra": {"metadata": {"ls_provider": "openai", "ls_model_name": "small", "user_id": "u1"}},
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "total_cost": "0.004",
    "tags": ["desk"],
}


def lc(name: str, **kwargs: Any) -> dict[str, Any]:
    path = ["langchain", "schema", "messages", name]
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": kwargs}


CALLED = [{"id": "c1", "name": "find", "args": {"isbn": "1"}, "type": "tool_call"}]
LANGCHAIN: dict[str, Any] = RUN | {
    "inputs": {
        "messages": [
            [
                lc("SystemMessage", content="Be short."),
                lc("HumanMessage", content="Which shelf?"),
                lc("AIMessage", content="", tool_calls=CALLED),
                lc("ToolMessage", content="four", tool_call_id="c1"),
            ]
        ]
    },
    "outputs": {
        "generations": [
            [
                {
                    "text": "Four.",
                    "generation_info": {"finish_reason": "stop"},
                    "message": lc(
                        "AIMessage",
                        content="Four.",
                        response_metadata={"model_name": "small-2026"},
                        usage_metadata={
                            "input_tokens": 20,
                            "output_tokens": 5,
                            "input_token_details": {"cache_read": 12},
                        },
                    ),
                }
            ]
        ]
    },
    "extra": {
        "invocation_params": {
            "model": "small",
            "temperature": 0.3,
            "tools": [{"type": "function", "function": {"name": "find"}}],
        },
        "metadata": {"thread_id": "talk-1"},
    },
    "prompt_tokens": None,
}


def test_a_wrapped_client_logs_the_bodies() -> None:
    (call,) = read(RUN).calls
    assert call.request == {"model": "small", "temperature": 0.3, "messages": ASKED}
    assert (call.asked, call.model, call.provider) == ("small", "small-2026", "openai")
    assert (call.prompt_tokens, call.completion_tokens, call.cost_usd) == (20, 5, 0.004)
    assert (call.latency_ms, call.first_byte_ms) == (pytest.approx(250), pytest.approx(100))
    assert (call.session, call.user, call.tags) == ("trace-1", "u1", ("desk",))
    assert (call.finished, call.outside) == (True, "")


def test_the_bulk_export_has_json_as_text() -> None:
    row = RUN | {name: json.dumps(RUN[name]) for name in ("inputs", "outputs", "extra")}
    assert read(row) == read(RUN)


def test_langchains_messages_name_their_class() -> None:
    (call,) = read(LANGCHAIN).calls
    assert [message["role"] for message in call.request["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]
    assert call.request["messages"][2]["tool_calls"][0]["function"] == {
        "name": "find",
        "arguments": '{"isbn":"1"}',
    }
    assert call.request["tools"] == [{"type": "function", "function": {"name": "find"}}]
    assert call.answer == {"role": "assistant", "content": "Four."}
    assert (call.asked, call.model, call.session) == ("small", "small-2026", "talk-1")
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.finished, call.outside) == (True, "")


def test_a_message_of_an_unknown_class_was_not_seen() -> None:
    row = {**LANGCHAIN, "inputs": {"messages": [[lc("OracleMessage", content="?"),
                                                 lc("HumanMessage", content="?")]]}}  # fmt: skip
    assert read(row).calls[0].outside == PARAMETERS_UNSEEN


def test_tools_that_were_called_and_not_logged_were_not_seen() -> None:
    message = lc("AIMessage", content="", tool_calls=CALLED)
    outputs = {
        "generations": [[{"message": message, "generation_info": {"finish_reason": "stop"}}]]
    }
    (call,) = read({**LANGCHAIN, "outputs": outputs, "extra": {}}).calls
    assert (call.finish_reason, call.outside) == ("tool_calls", PARAMETERS_UNSEEN)


def test_a_run_that_failed_says_why() -> None:
    for run in (RUN, LANGCHAIN):
        (call,) = read({**run, "error": "RateLimitError('slow down')", "outputs": None}).calls
        assert (call.status, call.error) == (502, "RateLimitError('slow down')")
        assert not call.finished


def test_a_run_without_outputs_has_no_answer() -> None:
    (call,) = read({**RUN, "outputs": None}).calls
    assert (call.finished, call.outside) == (False, NO_ANSWER)


@pytest.mark.parametrize(
    ("kind", "what"), [("chain", FRAME), ("tool", OTHER), ("retriever", OTHER)]
)
def test_other_runs_are_passed_over(kind: str, what: str) -> None:
    assert read({**RUN, "run_type": kind}).counted == {what: 1}


@pytest.mark.parametrize("name", ["id", "run_type", "start_time"])
def test_a_run_needs_three_fields(name: str) -> None:
    with pytest.raises(NotThisKindError):
        read({**RUN, name: None})
