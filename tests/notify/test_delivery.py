import logging

import httpx
import pytest
import structlog
from fakes.receiver import EVENT, URL, Receiver

from tierwatch.notify.delivery import deliver
from tierwatch.notify.log import LogDestination
from tierwatch.notify.webhook import WebhookDestination


def test_the_url_and_the_secret_are_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    destination = WebhookDestination(URL, secret="made-up")
    assert "very-secret" not in repr(destination)
    assert "made-up" not in repr(destination)
    for answers in ((200,), (500, 500), (httpx.ConnectError(f"no route to {URL}"), 400)):
        with Receiver(*answers).client as client:
            deliveries = deliver(EVENT, [destination], client=client, pause_s=0)
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
        deliveries = deliver(EVENT, destinations, client=client, pause_s=0)
    assert [(delivery.destination, delivery.ok) for delivery in deliveries] == [
        ("first", False),
        ("log", True),
        ("second", True),
    ]
    assert len(lines) == 1


def test_without_destinations_nothing_is_sent() -> None:
    with Receiver().client as client:
        assert deliver(EVENT, [], client=client) == []


@pytest.mark.parametrize("missing", ["id", "type", "timestamp"])
def test_an_alert_without_its_envelope_is_not_sent(missing: str) -> None:
    receiver = Receiver()
    alert = {key: value for key, value in EVENT.items() if key != missing}
    with receiver.client as client:
        deliveries = deliver(alert, [LogDestination(), WebhookDestination(URL)], client=client)
    assert [delivery.ok for delivery in deliveries] == [False, False]
    assert all(missing in delivery.detail for delivery in deliveries)
    assert receiver.requests == []
