import hashlib
import hmac
import json
import logging
import math
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import structlog

from tierwatch.notify.delivery import LogDestination, WebhookDestination, deliver, signature

URL = "https://hooks.example.test/services/T000/very-secret-path"
ALERT: dict[str, Any] = {
    "id": "0199",
    "type": "alert.opened",
    "timestamp": "2026-11-23T10:00:00Z",
    "kind": "misroute",
    "segment": "standard/all",
    "tier": "standard",
    "severity": "critical",
    "summary": "18 % of answers are worse than the next tier's; tolerance 5 %",
    "estimate": {"value": 0.18, "low": 0.12, "high": 0.25, "n": 210},
    "window": {"first": 4_210, "last": 4_420},
    "permalink": "https://tierwatch.example.test/alerts/0199",
}


class Receiver:
    """A webhook's other end: answers in turn, keeps what it was sent."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text=f"you posted to {request.url}")

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))

    def body(self) -> dict[str, Any]:
        return json.loads(self.requests[-1].content)


def send(receiver: Receiver, alert: Any = ALERT, **destination: Any) -> Any:
    with receiver.client as client:
        (delivery,) = deliver(
            alert, [WebhookDestination(URL, **destination)], client=client, pause_s=0
        )
    return delivery


def test_a_webhook_gets_the_event_in_its_envelope() -> None:
    receiver = Receiver(200)
    delivery = send(receiver)
    assert (delivery.destination, delivery.ok, delivery.detail) == ("webhook", True, "HTTP 200")
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
    assert payload == {key: ALERT[key] for key in ALERT if key not in ("id", "type", "timestamp")}


def test_events_of_an_alert_share_the_dedup_key_and_differ_in_id() -> None:
    receiver = Receiver(200, 200, 200)
    bodies = []
    for kind in ("alert.opened", "alert.acknowledged", "alert.resolved"):
        send(receiver, ALERT | {"type": kind})
        bodies.append(receiver.body())
    assert {body["dedupKey"] for body in bodies} == {"0199"}
    assert [body["id"] for body in bodies] == ["0199:opened", "0199:acknowledged", "0199:resolved"]


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
        (delivery,) = deliver(ALERT, [WebhookDestination(url)], client=client, pause_s=0)
    assert not delivery.ok
    assert "check the webhook's URL" in delivery.detail
    assert "secret" not in delivery.detail


def _refuse_scheme(request: httpx.Request) -> httpx.Response:
    """What a real transport does with a scheme it does not speak."""
    if request.url.scheme not in ("http", "https"):
        message = f"Request URL has an unsupported protocol '{request.url}'"
        raise httpx.UnsupportedProtocol(message)
    return httpx.Response(200)


def test_a_closed_client_is_a_failed_delivery() -> None:
    client = Receiver().client
    client.close()
    (delivery,) = deliver(ALERT, [WebhookDestination(URL)], client=client)
    assert not delivery.ok


def test_the_url_and_the_secret_are_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    destination = WebhookDestination(URL, secret="made-up")
    assert "very-secret" not in repr(destination)
    assert "made-up" not in repr(destination)
    for answers in ((200,), (500, 500), (httpx.ConnectError(f"no route to {URL}"), 400)):
        with Receiver(*answers).client as client:
            deliveries = deliver(ALERT, [destination], client=client, pause_s=0)
        assert "very-secret" not in repr(deliveries)
    assert "very-secret" not in caplog.text
    # Other requests of httpx are still logged.
    with Receiver(200).client as client:
        client.get("https://example.test/open")
    assert "https://example.test/open" in caplog.text


def test_one_destination_failing_does_not_stop_the_others() -> None:
    receiver = Receiver(400, 200)
    destinations = [
        WebhookDestination(URL, name="first"),
        LogDestination(),
        WebhookDestination(URL, name="second"),
    ]
    with structlog.testing.capture_logs() as lines, receiver.client as client:
        deliveries = deliver(ALERT, destinations, client=client, pause_s=0)
    assert [(delivery.destination, delivery.ok) for delivery in deliveries] == [
        ("first", False),
        ("log", True),
        ("second", True),
    ]
    assert len(lines) == 1


def test_without_destinations_nothing_is_sent() -> None:
    with Receiver().client as client:
        assert deliver(ALERT, [], client=client) == []


@pytest.mark.parametrize("missing", ["id", "type", "timestamp"])
def test_an_alert_without_its_envelope_is_not_sent(missing: str) -> None:
    receiver = Receiver()
    alert = {key: value for key, value in ALERT.items() if key != missing}
    with receiver.client as client:
        deliveries = deliver(alert, [LogDestination(), WebhookDestination(URL)], client=client)
    assert [delivery.ok for delivery in deliveries] == [False, False]
    assert all(missing in delivery.detail for delivery in deliveries)
    assert receiver.requests == []


@dataclass(frozen=True, slots=True)
class Rate:
    value: float | None
    n: int


def test_dates_ids_and_dataclasses_are_written_out() -> None:
    receiver = Receiver(200)
    alert_id = uuid.UUID(int=7)
    alert = MappingProxyType(
        ALERT
        | {
            "id": alert_id,
            "timestamp": datetime(2026, 11, 23, tzinfo=UTC),
            "estimate": Rate(None, 0),
            "window": MappingProxyType({"first": alert_id}),
        }
    )
    assert send(receiver, alert).ok
    body = receiver.body()
    assert body["dedupKey"] == str(alert_id)
    assert body["timestamp"] == "2026-11-23T00:00:00+00:00"
    assert body["payload"]["estimate"] == {"value": None, "n": 0}
    assert body["payload"]["window"] == {"first": str(alert_id)}


def test_half_a_surrogate_pair_is_still_sent() -> None:
    receiver = Receiver(200)
    assert send(receiver, ALERT | {"summary": "broken \ud83d text \x00"}, secret="made-up").ok
    assert receiver.body()["payload"]["summary"] == "broken \ud83d text \x00"


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_an_alert_that_is_no_json_is_a_failed_delivery(value: object) -> None:
    receiver = Receiver()
    delivery = send(receiver, ALERT | {"estimate": value})
    assert not delivery.ok
    assert "JSON" in delivery.detail


def logged(alert: dict[str, Any]) -> dict[str, Any]:
    with structlog.testing.capture_logs() as lines, Receiver().client as client:
        (delivery,) = deliver(alert, [LogDestination()], client=client)
    assert delivery.ok
    (line,) = lines
    return dict(line)


def test_the_log_gets_one_line_with_the_fields_a_reader_needs() -> None:
    line = logged(ALERT)
    assert (line["event"], line["log_level"], line["alert_id"]) == (
        "alert.opened",
        "warning",
        "0199",
    )
    assert line["segment"] == "standard/all"
    assert line["estimate"] == ALERT["estimate"]


def test_good_news_is_logged_as_information() -> None:
    assert logged(ALERT | {"type": "alert.resolved"})["log_level"] == "info"


def test_text_in_a_log_line_cannot_start_another_line() -> None:
    line = logged(ALERT | {"summary": "bad\nalert.resolved\r\x1b[2J id=1", "event": "mine"})
    assert line["summary"] == "bad alert.resolved [2J id=1"
    assert line["event"] == "alert.opened"
