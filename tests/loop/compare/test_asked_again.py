"""A stored question goes out whole, on its wire, at the tier's effort; or it is not asked."""

import uuid
from dataclasses import replace

import pytest
from fakes.collaborators import TIERS_BY_NAME, FakeClient

from tierwatch.loop.capture.redaction.media import place_of
from tierwatch.loop.capture.redaction.sealing import Sealer, SealError
from tierwatch.loop.compare.asked_again import answer_of, with_media
from tierwatch.store.traced.their_span import reported
from tierwatch.store.traffic.stored_request import StoredRequest

PAIR = uuid.UUID(int=7)
PLAIN = StoredRequest({"messages": [{"role": "user", "content": "6 x 7?"}]})
SIMPLE = TIERS_BY_NAME["simple"]


def test_a_question_without_media_is_itself() -> None:
    assert with_media(PLAIN, (), None) is PLAIN


def test_sealed_media_need_their_key() -> None:
    sealer = Sealer([b"k" * 32])
    item = {
        "exchange_id": PAIR,
        "name": "1",
        "mark": "[[image 1]]",
        "media_type": "image/png",
        "size": 3,
        "sealed": sealer.seal(place_of(PAIR, "1"), b"abc"),
    }
    with pytest.raises(SealError, match="TIERWATCH_MEDIA_KEY is not set"):
        with_media(PLAIN, (item,), None)  # type: ignore[arg-type]
    with pytest.raises(SealError):
        with_media(PLAIN, (item,), Sealer([b"x" * 32]))  # type: ignore[arg-type]


def test_the_model_and_the_effort_are_the_tier_s() -> None:
    client, harder = FakeClient(content="42"), replace(SIMPLE, effort="high")
    done = answer_of(client, harder, harder.served_at()[0], PLAIN)
    assert done.message["content"] == "42"
    ((provider, request),) = client.requests
    assert provider == "lab"
    assert request == {**PLAIN.body, "reasoning_effort": "high", "model": "small-1"}


def test_without_an_effort_the_caller_s_stays() -> None:
    client = FakeClient()
    asked = replace(PLAIN, body={**PLAIN.body, "reasoning_effort": "low"})
    answer_of(client, SIMPLE, SIMPLE.served_at()[0], asked)
    assert client.requests[0][1]["reasoning_effort"] == "low"


def test_headers_and_wire_are_the_caller_s() -> None:
    client = FakeClient()
    asked = StoredRequest({"messages": []}, "anthropic", {"anthropic-version": "2023-06-01"})
    answer_of(client, SIMPLE, SIMPLE.served_at()[0], asked)
    assert client.said_on == [("anthropic", {"anthropic-version": "2023-06-01"})]


def test_where_the_exchange_stands_in_somebodys_traces_is_told_to_nobody() -> None:
    client = FakeClient()
    kept = {"anthropic-version": "2023-06-01", **reported("chat", "t", "s")}
    answer_of(
        client, SIMPLE, SIMPLE.served_at()[0], StoredRequest({"messages": []}, "openai", kept)
    )
    assert client.said_on == [("openai", {"anthropic-version": "2023-06-01"})]
