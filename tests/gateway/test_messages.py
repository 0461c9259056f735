"""Anthropic's wire: what only it has. The SDK tests cover the ordinary cases."""

from typing import Any

MESSAGES = [{"role": "user", "content": "Hello"}]


def messages(gateway: Any, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    body = {"model": "auto", "max_tokens": 9, "messages": MESSAGES, **fields}
    return gateway.client.post("/v1/messages", json=body, headers=headers)


def test_anthropic_to_anthropic_passes_byte_for_byte(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    events = [b'event: ping\ndata: {"type": "ping"}\n\n', *wire.anthropic_events("Par", "is.")]
    anthropic_provider.replies = [wire.stream(*events)]
    gateway = start_gateway(anthropic_provider)
    thinking = {"type": "enabled", "budget_tokens": 1024}

    response = messages(gateway, stream=True, thinking=thinking, x_unknown=1)

    assert response.content == b"".join(events)
    sent = anthropic_provider.received[0]
    assert sent.path == "/v1/messages"
    assert (sent.json["thinking"], sent.json["x_unknown"]) == (thinking, 1)
    assert gateway.recorded.one().answer["content"] == "Paris."


def test_version_and_beta_headers_reach_an_anthropic_provider_only(
    start_gateway: Any, anthropic_provider: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(anthropic_provider, openai_provider, anthropic_provider)
    headers = {"anthropic-version": "2099-01-01", "anthropic-beta": "new", "x-api-key": "mine"}
    messages(gateway, headers)
    messages(gateway, headers, model="standard")
    messages(gateway)
    first, second = anthropic_provider.received
    assert first.headers["anthropic-version"] == "2099-01-01"
    assert first.headers["anthropic-beta"] == "new"
    assert first.headers["x-api-key"] == "provider-key"
    assert second.headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" not in openai_provider.received[0].headers


def test_errors_have_anthropics_envelope(start_gateway: Any, anthropic_provider: Any) -> None:
    gateway = start_gateway(anthropic_provider)
    for response, status, kind in (
        (messages(gateway, model="nobody"), 404, "not_found_error"),
        (messages(gateway, messages=[]), 400, "invalid_request_error"),
        (gateway.client.post("/v1/messages", content=b"{"), 400, "invalid_request_error"),
        (gateway.client.get("/v1/messages"), 405, "invalid_request_error"),
    ):
        assert response.status_code == status
        assert response.json()["type"] == "error"
        assert response.json()["error"]["type"] == kind


def test_what_cannot_be_translated_is_a_400_and_asks_nobody(
    start_gateway: Any, anthropic_provider: Any
) -> None:
    gateway = start_gateway(anthropic_provider)
    audio = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    response = gateway.chat(messages=[{"role": "user", "content": [audio]}])
    assert response.status_code == 400
    assert "input_audio" in response.json()["error"]["message"]
    assert anthropic_provider.received == []
    assert gateway.recorded.one().attempts == ()


def test_what_has_no_openai_form_passes_to_anthropic_and_is_refused_by_no_other_words(
    start_gateway: Any, anthropic_provider: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(anthropic_provider, openai_provider, openai_provider)
    odd = {"type": "hologram", "source": {"type": "laser"}}
    asked = [{"role": "user", "content": [odd]}]
    assert messages(gateway, model="simple", messages=asked).status_code == 200
    assert anthropic_provider.received[0].json["messages"] == asked
    refused = messages(gateway, model="standard", messages=asked)
    assert refused.status_code == 400
    assert refused.json()["type"] == "error"
    assert "hologram" in refused.json()["error"]["message"]
    assert openai_provider.received == []


def test_a_refusal_crosses_the_wires(
    start_gateway: Any, anthropic_provider: Any, openai_provider: Any, wire: Any
) -> None:
    said = {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}
    anthropic_provider.usual = wire.json(said, 400)
    openai_provider.usual = wire.json({"error": {"message": "too hot", "type": "bad"}}, 400)
    gateway = start_gateway(anthropic_provider, openai_provider, openai_provider)
    to_openai = gateway.chat()
    assert to_openai.status_code == 400
    assert to_openai.json()["error"]["message"] == "too long"
    to_anthropic = messages(gateway, model="standard")
    assert to_anthropic.status_code == 400
    assert to_anthropic.json()["error"]["message"] == "too hot"


def test_escalation_crosses_the_wires(
    start_gateway: Any, anthropic_provider: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({}, 500)
    gateway = start_gateway(openai_provider, anthropic_provider, anthropic_provider)
    response = gateway.chat()
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Paris."
    assert response.headers["x-tierwatch-tier"] == "standard"
    assert [a.error for a in gateway.recorded.one().attempts] == ["server", "server", ""]


def test_an_overloaded_stream_is_tried_again(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    overloaded = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'
    good = wire.anthropic_events("Paris.")
    anthropic_provider.replies = [wire.stream(overloaded), wire.stream(*good)]
    gateway = start_gateway(anthropic_provider)
    assert messages(gateway, stream=True).content == b"".join(good)


def test_a_translated_stream_that_turns_to_garbage_ends_with_an_error(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    good = wire.anthropic_events("Par", end=False)
    # The last good event and the garbage arrive together: the good one must not be lost.
    anthropic_provider.replies = [
        wire.stream(*good[:-1], 0.1, good[-1] + b"event: x\ndata: {broken\n\n")
    ]
    gateway = start_gateway(anthropic_provider)
    response = gateway.chat(stream=True)
    assert b'"code":"provider_unreadable"' in response.content
    assert b"[DONE]" not in response.content
    served = gateway.recorded.one()
    assert (served.finished, served.answer["content"]) == (False, "Par")


def test_a_translated_stream_that_begins_with_garbage_is_tried_again(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    good = wire.stream(*wire.anthropic_events("Paris."))
    anthropic_provider.replies = [wire.stream(b"event: x\ndata: {broken\n\n"), good]
    gateway = start_gateway(anthropic_provider)
    response = gateway.chat(stream=True)
    assert response.content.endswith(b"data: [DONE]\n\n")
    assert [a.error for a in gateway.recorded.one().attempts] == ["unreadable", ""]


def test_a_stream_without_done_is_closed_on_the_other_wire(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.stream(*wire.openai_chunks("Paris.", done=False))]
    gateway = start_gateway(openai_provider)
    response = messages(gateway, stream=True)
    assert response.content.rstrip().endswith(b'{"type":"message_stop"}')
    assert gateway.recorded.one().finished


def test_an_error_in_mid_stream_is_translated_and_not_doubled(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    chunks = wire.openai_chunks("Par", finish=None, done=False)
    failure = b'data: {"error": {"message": "overloaded"}}\n\ndata: [DONE]\n\n'
    openai_provider.replies = [wire.stream(*chunks, 0.05, failure)]
    gateway = start_gateway(openai_provider)
    response = messages(gateway, stream=True)
    assert response.content.count(b"event: error") == 1
    assert b"message_stop" not in response.content
    assert not gateway.recorded.one().finished
