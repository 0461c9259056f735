"""What is passed on and not routed, with real providers behind it."""

import json
import threading
from typing import Any

import openai
import pytest
from fakes.provider import OPENAI_REPLY, FakeProvider, json_reply

EMBEDDED = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
KEYED = "{api_keys: [{name: team-a, key: env:GATEWAY_KEY}]}"


def test_the_bytes_pass_both_ways(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    openai_provider.replies = [
        wire.http(200, b'{ "odd" :1}', x_request_id="req_1", set_cookie="a=b")
    ]
    gateway = start_gateway(openai_provider, gateway=KEYED)
    body = b'{ "input":"x",  "model": "text-embedding-3-small", "new_field": 1 }'
    headers = {"authorization": "Bearer gateway-key", "traceparent": "00-1", "cookie": "c=d"}
    said = gateway.client.post("/v1/embeddings", content=body, headers=headers)
    assert (said.status_code, said.content) == (200, b'{ "odd" :1}')
    assert said.headers["x-request-id"] == "req_1"
    assert "set-cookie" not in said.headers
    (received,) = openai_provider.received
    assert (received.path, received.body) == ("/v1/embeddings", body)
    assert received.headers["authorization"] == "Bearer provider-key"
    assert received.headers["traceparent"] == "00-1"
    assert "cookie" not in received.headers
    wire.until(
        lambda: (
            'passed_requests_total{endpoint="embeddings",key="team-a",status="200"} 1.0'
            in gateway.client.get("/metrics", headers=headers).text
        )
    )
    assert gateway.recorded.exchanges == [], "neither sampled nor judged"


def test_the_vendors_client_embeds_completes_and_moderates(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(openai_provider)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        openai_provider.replies = [wire.json(EMBEDDED)]
        got = client.embeddings.create(
            model="text-embedding-3-small", input="x", encoding_format="float"
        )
        assert got.data[0].embedding == [0.5, 0.25]
        event = {"id": "1", "object": "text_completion", "created": 1, "model": "m"}
        pieces = [{**event, "choices": [{"text": t, "index": 0}]} for t in ("Par", "is.")]
        chunks = [f"data: {json.dumps(piece)}\n\n".encode() for piece in pieces]
        openai_provider.replies = [wire.stream(*chunks, 0.02, b"data: [DONE]\n\n")]
        stream = client.completions.create(model="m", prompt="x", stream=True)
        assert "".join(one.choices[0].text for one in stream) == "Paris."
        openai_provider.replies = [wire.json({"id": "m", "model": "o", "results": []})]
        assert client.moderations.create(input="x").results == []
    paths = [received.path for received in openai_provider.received]
    assert paths == ["/v1/embeddings", "/v1/completions", "/v1/moderations"]


def test_a_stream_passes_as_it_comes(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    go_on = threading.Event()
    openai_provider.replies = [wire.stream(b"data: 1\n\n", go_on, b"data: 2\n\n")]
    gateway = start_gateway(openai_provider)
    with gateway.client.stream("POST", "/v1/completions", content=b"{}") as answer:
        pieces = answer.iter_bytes()
        assert next(pieces) == b"data: 1\n\n"
        go_on.set()
        assert b"".join(pieces) == b"data: 2\n\n"


def test_a_stream_that_breaks_ends_with_an_error(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.stream(b"data: 1\n\n", cut=True)]
    gateway = start_gateway(openai_provider)
    said = gateway.client.post("/v1/completions", content=b"{}")
    assert said.status_code == 200
    assert json.loads(said.text.rpartition("data: ")[2])["error"]["code"] == "provider_cut"


@pytest.mark.parametrize(
    ("how", "at"),
    [
        (("{}", "text-embedding-3-small"), 0),
        (("{}", "model-complex"), 1),
        (("{}", "openai/model-complex-2024-07-18"), 1),
        (("{passthrough: {embeddings: p%s}}", "model-simple"), 1),
    ],
)
def test_who_is_asked(
    start_gateway: Any, openai_provider: Any, anthropic_provider: Any, how: Any, at: int
) -> None:
    gateway, model = how
    with FakeProvider("openai", json_reply(OPENAI_REPLY)).running() as other:
        named = gateway.replace("%s", str(other.port))
        running = start_gateway(openai_provider, anthropic_provider, other, gateway=named)
        running.client.post("/v1/embeddings", json={"model": model, "input": "x"})
        asked = [len(openai_provider.received), len(other.received)]
        assert asked == [1 - at, at]
        assert anthropic_provider.received == []


@pytest.mark.parametrize(
    ("status", "shown"), [(400, 400), (404, 404), (429, 429), (500, 500), (401, 502), (403, 502)]
)
def test_what_a_provider_refuses_is_passed_on_but_for_our_own_key(
    start_gateway: Any, openai_provider: Any, wire: Any, status: int, shown: int
) -> None:
    error = {"error": {"message": "Because.", "type": "t", "code": None, "param": None}}
    openai_provider.replies = [wire.json(error, status, retry_after="7")]
    gateway = start_gateway(openai_provider)
    said = gateway.client.post("/v1/embeddings", json={"model": "m", "input": "x"})
    assert said.status_code == shown
    if shown == status:
        assert said.json() == error
        assert said.headers["retry-after"] == "7"
    else:
        assert said.json()["error"]["code"] == "provider_refused_gateway"


def test_a_provider_that_is_away_is_a_bad_gateway(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.raw(b""), wire.raw(b"")]
    gateway = start_gateway(openai_provider)
    said = gateway.client.post("/v1/moderations", json={"input": "x"})
    assert (said.status_code, said.json()["error"]["code"]) == (502, "provider_connection")


def test_without_a_provider_it_is_said_what_is_accepted(
    start_gateway: Any, anthropic_provider: Any
) -> None:
    gateway = start_gateway(anthropic_provider)
    said = gateway.client.post("/v1/embeddings", json={"model": "m", "input": "x"})
    assert (said.status_code, said.json()["error"]["code"]) == (404, "no_provider")
    assert "gateway.passthrough: {embeddings: NAME}" in said.json()["error"]["message"]
    assert gateway.client.post("/v1/embeddings", content=b"{").status_code == 400
    assert gateway.client.get("/v1/embeddings").status_code == 405


def test_a_key_is_asked_for(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider, gateway=KEYED)
    assert gateway.client.post("/v1/embeddings", json={}).status_code == 401
    assert openai_provider.received == []


def test_a_caller_who_leaves_costs_no_further_tokens(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.silence]
    gateway = start_gateway(openai_provider)
    with pytest.raises(Exception, match="timed out"):
        gateway.client.post("/v1/embeddings", json={"input": "x"}, timeout=0.3)
    wire.until(lambda: openai_provider.open_connections == 0)
    wire.until(lambda: 'status="499"} 1.0' in gateway.client.get("/metrics").text)
