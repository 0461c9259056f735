"""pydantic-ai: which form of answer was asked for."""

import json
from typing import Any

import pytest
from factories.otlp import call_in, gen_ai, span

from tierwatch.intake.calls import FRAME, PARAMETERS_UNSEEN
from tierwatch.intake.otlp.dialects.pydantic_ai import DIALECT


def read(**parameters: Any) -> Any:
    said = json.dumps({"output_mode": "text", "output_tools": [], "native_tools": []} | parameters)
    return call_in(span(gen_ai(model_request_parameters=said), scope="pydantic-ai"))


def test_an_answer_in_text_can_be_asked_for_again() -> None:
    assert read().outside == ""


@pytest.mark.parametrize(
    "parameters",
    [
        {"output_mode": "native"},
        {"output_mode": "tool", "output_tools": [{"name": "final_result"}]},
        {"output_mode": "prompted"},
        {"native_tools": [{"kind": "web_search"}]},
    ],
)
def test_another_form_cannot(parameters: dict[str, Any]) -> None:
    assert read(**parameters).outside == PARAMETERS_UNSEEN


def test_parameters_that_a_limit_cut_cannot_be_known() -> None:
    cut = gen_ai(model_request_parameters='{"output_mode": "te')
    assert call_in(span(cut, scope="pydantic-ai")).outside == PARAMETERS_UNSEEN


def test_a_call_of_a_tool_is_one_though_the_reason_says_stop() -> None:
    """Over Responses pydantic-ai says ``stop``."""
    part = {"type": "tool_call", "id": "c1", "name": "find", "arguments": "{}"}
    answer = json.dumps([{"role": "assistant", "parts": [part], "finish_reason": "stop"}])
    tools = json.dumps([{"type": "function", "name": "find"}])
    sent = gen_ai(gen_ai__tool__definitions=tools) | {"gen_ai.output.messages": answer}
    call = call_in(span(sent, scope="pydantic-ai"))
    assert (call.finish_reason, call.finished, call.outside) == ("tool_calls", True, "")


def test_a_run_is_a_frame() -> None:
    run = span(gen_ai(gen_ai__operation__name="invoke_agent"), scope="pydantic-ai")
    assert DIALECT.kind_of(run) == FRAME
