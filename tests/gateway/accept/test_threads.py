"""Message threads: refused so that Anthropic's SDK goes on with whole histories."""

import json
from typing import Any

import anthropic
import pytest
from anthropic import beta_tool
from factories.gateway_values import COMPLEX, SIMPLE

from tierwatch.gateway.accept.threads import Threads
from tierwatch.routing.tiers import Deployment

CREATE = {"thread": {"type": "create"}}


def test_a_thread_stays_where_one_model_at_one_place_answers() -> None:
    threads = Threads([SIMPLE, COMPLEX], {"lab": "anthropic"})
    assert threads.refusal("anthropic", CREATE, "small-1") is None
    for called in ("", "simple"):  # the router, or a tier above, may choose another model
        refusal = threads.refusal("anthropic", CREATE, called)
        assert refusal is not None
        assert json.loads(refusal.body("anthropic"))["error"]["details"] == {
            "error_code": "thread_unsupported_request",
            "unsupported": ["thread"],
        }


def test_elsewhere_it_is_refused() -> None:
    places = tuple(Deployment(p, "m", SIMPLE.price) for p in ("lab", "other"))
    twice = Threads([SIMPLE.__class__("simple", "m", "lab", SIMPLE.price, "", places)],
                    {"lab": "anthropic", "other": "anthropic"})  # fmt: skip
    assert twice.refusal("anthropic", CREATE, "m") is not None
    assert Threads([SIMPLE], {"lab": "openai"}).refusal("anthropic", CREATE, "small-1") is not None


@pytest.mark.parametrize("request_", [{}, {"thread": None}, {"thread": {}}])
def test_without_a_thread_there_is_nothing_to_refuse(request_: dict[str, Any]) -> None:
    assert Threads([SIMPLE], {}).refusal("anthropic", request_, "") is None
    assert Threads([SIMPLE], {}).refusal("openai", CREATE, "") is None


@beta_tool
def weather(city: str) -> str:
    """The weather.

    Args:
        city: where.
    """
    return f"Sunny in {city}"


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_tool_runner_of_the_sdk_goes_on_by_itself(
    start_gateway: Any, request: pytest.FixtureRequest, wire: Any, kind: str
) -> None:
    provider = request.getfixturevalue(f"{kind}_provider")
    block = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}}
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    replies = {
        "openai": {**wire.openai_reply, "choices": [choice]},
        "anthropic": {**wire.anthropic_reply, "content": [block], "stop_reason": "tool_use"},
    }
    provider.replies = [wire.json(replies[kind])]
    gateway = start_gateway(provider)
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as client:
        runner = client.beta.messages.tool_runner(
            model="auto",
            max_tokens=99,
            tools=[weather],
            messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        )
        last = runner.until_done()
    assert last.content[0].text == "Paris."
    assert len(provider.received) == 2, "one call, and one with its result"
    whole = json.dumps(provider.received[1].json["messages"])
    assert "What is the weather in Paris?" in whole
    assert "Sunny in Paris" in whole
    assert all("thread" not in received.json for received in provider.received)
