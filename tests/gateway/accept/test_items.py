"""What the gateway itself reads of a request on the Responses wire."""

from typing import Any

import pytest

from tierwatch.gateway.accept.items import items_problem

ITEM = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    "request_",
    [
        {"input": "Hi"},
        {"input": [ITEM, {"type": "hologram"}]},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1", "input": ""},
        {"prompt": {"id": "pmpt_1"}},
        {"input": "Hi", "background": False, "store": None, "reasoning": {"effort": "high"}},
    ],
)
def test_what_can_be_served(request_: dict[str, Any]) -> None:
    assert items_problem(request_) is None


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": None, "conversation": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": {}}, "input"),
        ({"input": [ITEM, "x"]}, "input[1]"),
        ({"input": "x", "instructions": 7}, "instructions"),
        ({"input": "x", "previous_response_id": 7}, "previous_response_id"),
        ({"input": "x", "max_output_tokens": "9"}, "max_output_tokens"),
        ({"input": "x", "text": "json"}, "text"),
        ({"input": "x", "reasoning": "high"}, "reasoning"),
        ({"input": "x", "include": "all"}, "include"),
        ({"input": "x", "store": "no"}, "store"),
        ({"input": "x", "background": True}, "background"),
        ({"input": "x", "background": 1}, "background"),
    ],
)
def test_what_cannot_is_refused_with_its_name(request_: dict[str, Any], param: str) -> None:
    refusal = items_problem(request_)
    assert refusal is not None
    assert (refusal.status, refusal.param) == (400, param)
    assert refusal.message.endswith(".")
