"""Keeping a response for who goes on from it."""

import asyncio
from typing import Any

import pytest
from factories.gateway_values import asked
from factories.served_exchanges import served

from tierwatch.config.gateway import ResponsesConfig
from tierwatch.gateway.memory.kept_responses import Kept, KeptResponses
from tierwatch.gateway.record.response_keeper import keep_response

MESSAGE = {"type": "message", "role": "assistant", "content": []}
THEIRS = {"id": "resp_9", "output": [MESSAGE]}


def kept(response: dict[str, Any], *, given: Any = "Hi", **fields: Any) -> Kept | None:
    by = asked(wire="responses", key=b"k", input=given, **fields)

    async def act() -> Kept | None:
        async with KeptResponses(ResponsesConfig(), None, lambda: 0.0) as responses:
            keep_response(responses, by, served(provider="lab", served_tier="simple"), response)
            return await responses.find(b"k", str(response.get("id")))

    return asyncio.run(act())


def test_what_a_provider_keeps_is_known_to_be_there() -> None:
    hello = {"role": "user", "content": "Hi"}
    assert kept(THEIRS) == Kept("lab", "simple", [hello, MESSAGE], None, "its own")
    again = kept(THEIRS, given=[hello, MESSAGE, hello])
    assert again is not None
    assert again.items == [hello, MESSAGE, hello, MESSAGE]


def test_what_we_have_written_is_kept_here() -> None:
    ours = {**THEIRS, "id": asked().answer_id}
    found = kept(ours)
    assert found is not None
    assert (found.provider, found.response) == ("", ours)


@pytest.mark.parametrize(
    ("response", "fields"), [(THEIRS, {"store": False}), ({**THEIRS, "id": ""}, {}), ({}, {})]
)
def test_nothing_is_kept_that_nobody_wants_or_could_ask_for(
    response: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert kept(response, **fields) is None


def test_an_answer_that_is_not_whole_is_not_kept() -> None:
    async def act() -> Kept | None:
        async with KeptResponses(ResponsesConfig(), None, lambda: 0.0) as responses:
            by = asked(wire="responses", key=b"k", input="Hi")
            keep_response(responses, by, served(finished=False), THEIRS)
            return await responses.find(b"k", "resp_9")

    assert asyncio.run(act()) is None
