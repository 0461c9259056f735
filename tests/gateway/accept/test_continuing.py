"""A request that goes on from a response by its id."""

import asyncio
from typing import Any

from tierwatch.config.gateway import ResponsesConfig
from tierwatch.gateway.accept.continuing import continued
from tierwatch.gateway.asked import Continued
from tierwatch.gateway.memory.kept_responses import Kept, KeptResponses
from tierwatch.wire.refusal import Refusal

ITEMS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]


def asked(request: dict[str, Any], provider: str = "", key: bytes = b"k") -> Any:
    async def act() -> Any:
        async with KeptResponses(ResponsesConfig(), None, lambda: 0.0) as kept:
            kept.keep(b"k", "resp_1", Kept(provider, "simple", ITEMS, None, "opening:a"))
            return await continued(request, key, kept)

    return asyncio.run(act())


def test_a_request_that_goes_on_from_nothing_is_as_it_was() -> None:
    request = {"model": "m", "input": "Hi"}
    whole, goes_on, session = asked(request)
    assert (whole is request, goes_on, session) == (True, None, "")
    assert asked({**request, "previous_response_id": None})[1] is None


def test_it_gets_the_whole_conversation() -> None:
    request = {"model": "m", "input": "And now?", "previous_response_id": "resp_1", "store": False}
    whole, goes_on, session = asked(request)
    new = {"role": "user", "content": "And now?"}
    assert whole == {"model": "m", "input": [*ITEMS, new], "store": False}
    assert goes_on is None
    assert session == "opening:a"
    assert request["previous_response_id"] == "resp_1"


def test_the_provider_that_keeps_it_gets_what_its_caller_said() -> None:
    new = [{"type": "function_call_output", "call_id": "c1", "output": "x"}]
    whole, goes_on, _ = asked({"input": new, "previous_response_id": "resp_1"}, "lab")
    assert whole["input"] == [*ITEMS, *new]
    assert goes_on == Continued("lab", "resp_1", new)
    whole, _, _ = asked({"previous_response_id": "resp_1"}, "lab")
    assert whole["input"] == ITEMS


def test_a_lost_one_is_not_found_and_neither_is_anothers() -> None:
    for refusal in (
        asked({"input": "x", "previous_response_id": "resp_2"}),
        asked({"input": "x", "previous_response_id": "resp_1"}, key=b"another"),
        asked({"input": "x", "previous_response_id": "r" * 10_000}),
    ):
        assert isinstance(refusal, Refusal)
        assert (refusal.status, refusal.code) == (404, "previous_response_not_found")
        assert refusal.param == "previous_response_id"
        assert len(refusal.message) < 400
