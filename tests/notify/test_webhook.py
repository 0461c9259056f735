import hashlib
import hmac
import math
import time
from typing import Any, NamedTuple

import httpx
import pytest
from fakes.receiver import EVENT, URL, Receiver

from tierwatch.notify.webhook import WebhookDestination, post, signature


class Sent(NamedTuple):
    ok: bool
    detail: str


def send(receiver: Receiver, alert: Any = EVENT, **destination: Any) -> Sent:
    with receiver.client as client:
        return Sent(*post(alert, WebhookDestination(URL, **destination), client=client, pause_s=0))


def _refuse_scheme(request: httpx.Request) -> httpx.Response:
    """What a real transport does with a scheme it does not speak."""
    if request.url.scheme not in ("http", "https"):
        message = f"Request URL has an unsupported protocol '{request.url}'"
        raise httpx.UnsupportedProtocol(message)
    return httpx.Response(200)


def test_a_webhook_gets_the_event_in_its_envelope() -> None:
    receiver = Receiver(200)
    delivery = send(receiver)
    assert delivery == (True, "HTTP 200")
    request = receiver.requests[0]
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["content-type"] == "application/json"
    assert "x-tierwatch-signature" not in request.headers
    body = receiver.body()
    payload = body.pop("payload")
    assert body == {
        "id": "0199:opened",
        "dedupKey": "0199",
        "timestamp": "2026-11-23T10:00:00Z",
        "type": "alert.opened",
        "apiVersion": "1",
    }
    assert payload == {key: EVENT[key] for key in EVENT if key not in ("id", "type", "timestamp")}


def test_the_signature_is_of_the_time_and_the_bytes_sent() -> None:
    receiver = Receiver(204)
    before = int(time.time())
    assert send(receiver, secret="made-up").ok
    request = receiver.requests[0]
    parts = dict(part.split("=") for part in request.headers["x-tierwatch-signature"].split(","))
    assert before <= int(parts["t"]) <= time.time()
    signed = parts["t"].encode() + b"." + request.content
    assert parts["v1"] == hmac.new(b"made-up", signed, hashlib.sha256).hexdigest()


def test_a_secret_of_undecodable_bytes_signs_with_these_bytes() -> None:
    # Python gives such an environment variable with surrogate escapes.
    expected = hmac.new(b"\xff", b"1.{}", hashlib.sha256).hexdigest()
    assert signature("\udcff", 1, b"{}") == f"t=1,v1={expected}"


def test_another_body_time_or_secret_has_another_signature() -> None:
    signatures = {
        signature("a", 1, b"{}"),
        signature("b", 1, b"{}"),
        signature("a", 2, b"{}"),
        signature("a", 1, b"[]"),
    }
    assert len(signatures) == 4


@pytest.mark.parametrize(
    "first",
    [
        500,
        503,
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
    ],
)
def test_a_server_error_or_broken_connection_is_tried_once_more(first: int | Exception) -> None:
    receiver = Receiver(first, 202)
    delivery = send(receiver)
    assert delivery.ok
    assert delivery.detail.startswith("HTTP 202 on the second try, after ")
    assert len(receiver.requests) == 2
    assert receiver.requests[0].content == receiver.requests[1].content


@pytest.mark.parametrize("first", [500, httpx.ConnectError("refused")])
def test_a_second_failure_is_final(first: int | Exception) -> None:
    receiver = Receiver(first, 502)
    delivery = send(receiver)
    assert not delivery.ok
    assert delivery.detail.startswith("HTTP 502 on the second try")
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("answer", [301, 307, 400, 401, 404, 410, 429])
def test_a_refusal_or_redirect_is_not_tried_again(answer: int) -> None:
    receiver = Receiver(answer)
    delivery = send(receiver)
    assert (delivery.ok, delivery.detail) == (False, f"HTTP {answer}")
    assert len(receiver.requests) == 1


def test_a_time_out_is_not_tried_again_for_the_event_may_have_arrived() -> None:
    receiver = Receiver(httpx.ReadTimeout("slow"))
    assert send(receiver).detail == "no answer within 10 s"
    assert len(receiver.requests) == 1
    assert receiver.requests[0].extensions["timeout"]["read"] == 10.0


@pytest.mark.parametrize(
    "url", ["", "no-url/secret", "ftp://h/secret", "https://h:secret/", "https://h/\ud800secret"]
)
def test_a_broken_url_is_a_failed_delivery_that_does_not_quote_it(url: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(_refuse_scheme)) as client:
        delivery = Sent(*post(EVENT, WebhookDestination(url), client=client, pause_s=0))
    assert not delivery.ok
    assert "check the webhook's URL" in delivery.detail
    assert "secret" not in delivery.detail


def test_a_closed_client_is_a_failed_delivery() -> None:
    client = Receiver().client
    client.close()
    ok, _ = post(EVENT, WebhookDestination(URL), client=client)
    assert not ok


def test_half_a_surrogate_pair_is_still_sent() -> None:
    receiver = Receiver(200)
    assert send(receiver, EVENT | {"summary": "broken \ud83d text \x00"}, secret="made-up").ok
    assert receiver.body()["payload"]["summary"] == "broken \ud83d text \x00"


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_an_alert_that_is_no_json_is_a_failed_delivery(value: object) -> None:
    receiver = Receiver()
    delivery = send(receiver, EVENT | {"estimate": value})
    assert not delivery.ok
    assert "JSON" in delivery.detail
