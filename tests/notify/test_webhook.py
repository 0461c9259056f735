import hashlib
import hmac
import math
import time
from typing import Any

import pytest
from fakes.receiver import EVENT, URL, Receiver

from tierwatch.notify.answer import Answer
from tierwatch.notify.webhook import WebhookDestination, signature


def send(receiver: Receiver, event: Any = EVENT, **destination: Any) -> Answer:
    return WebhookDestination(URL, transport=receiver.transport, **destination).send(event)


def test_a_webhook_gets_the_event_in_its_envelope() -> None:
    receiver = Receiver(200)
    assert send(receiver) == Answer("taken", "HTTP 200")
    request = receiver.requests[0]
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "tierwatch"
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


def test_a_receiver_can_tell_a_repetition_by_body_and_by_header() -> None:
    event = EVENT | {"event_id": "0199:renotified:4", "sequence": 4}
    receiver = Receiver(500, 200)
    for _ in range(2):
        send(receiver, event)
    first, second = receiver.requests
    assert first.headers["x-tierwatch-event-id"] == "0199:renotified:4"
    assert (first.content, first.headers["x-tierwatch-event-id"]) == (
        second.content,
        second.headers["x-tierwatch-event-id"],
    )
    body = receiver.body()
    assert (body["id"], body["dedupKey"], body["sequence"]) == ("0199:renotified:4", "0199", 4)
    assert not {"event_id", "sequence"} & body["payload"].keys()


def test_the_signature_is_of_the_time_and_the_bytes_sent() -> None:
    receiver = Receiver(204)
    before = int(time.time())
    assert send(receiver, secret="made-up").fate == "taken"
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


def test_the_url_and_the_secret_are_never_shown() -> None:
    destination = WebhookDestination(URL, secret="made-up")
    assert "very-secret" not in repr(destination)
    assert "made-up" not in repr(destination)
    assert (destination.name, destination.kind) == ("webhook", "webhook")


def test_one_try_is_one_request() -> None:
    for answer, fate in ((500, "later"), (429, "away"), (400, "never"), (302, "away")):
        receiver = Receiver(answer)
        assert send(receiver).fate == fate
        assert len(receiver.requests) == 1


def test_half_a_surrogate_pair_is_still_sent() -> None:
    receiver = Receiver(200)
    event = EVENT | {"summary": "broken \ud83d text \x00"}
    assert send(receiver, event, secret="made-up").fate == "taken"
    assert receiver.body()["payload"]["summary"] == "broken \ud83d text \x00"


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_an_event_that_is_no_json_will_never_be_sent(value: object) -> None:
    receiver = Receiver()
    answer = send(receiver, EVENT | {"estimate": value})
    assert answer.fate == "never"
    assert "JSON" in answer.detail
    assert receiver.requests == []


@pytest.mark.parametrize("missing", ["id", "type", "timestamp"])
def test_an_event_without_its_envelope_is_not_sent(missing: str) -> None:
    receiver = Receiver()
    answer = send(receiver, {key: value for key, value in EVENT.items() if key != missing})
    assert (answer.fate, answer.detail) == ("never", f"not sent: the event has no {missing}")
    assert receiver.requests == []
