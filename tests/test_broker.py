"""Which broker a URL names, and that each is used as it must be."""

import socket
import ssl
from typing import Any

import pytest
import redis
from celery import Celery

from tierwatch.broker import (
    LONGEST_COUNTDOWN_S,
    QUEUE,
    is_rabbit,
    queue_depth,
    sender_options,
    why_away,
    worker_options,
)

REDIS = "redis://:word@here:6379/2"
RABBIT = "amqp://me:word@here:5672/mine"
BOTH = pytest.mark.parametrize("url", [REDIS, RABBIT])
# Half an hour of RabbitMQ's consumer_timeout, an hour of Redis's visibility_timeout.
HELD_AT_MOST_S = 1800


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        (REDIS, False),
        ("rediss://here", False),
        (RABBIT, True),
        ("amqps://here", True),
        ("AMQP://here", True),
    ],
)
def test_the_scheme_says_which_broker_it_is(url: str, *, is_one: bool) -> None:
    assert is_rabbit(url) is is_one


def test_no_message_is_held_back_for_as_long_as_a_broker_waits_for_an_answer() -> None:
    assert HELD_AT_MOST_S / LONGEST_COUNTDOWN_S >= 6
    kept = worker_options(REDIS)["broker_transport_options"]["visibility_timeout"]
    assert kept >= 2 * HELD_AT_MOST_S


@BOTH
def test_a_sender_gives_up_and_a_worker_does_not(url: str) -> None:
    sender, worker = sender_options(url), worker_options(url)
    assert sender["broker_connection_retry"] is False
    assert sender["broker_connection_timeout"] == 2
    assert worker["broker_connection_retry_on_startup"] is True
    assert worker["broker_connection_max_retries"] is None
    assert sender["task_default_queue"] == worker["task_default_queue"] == QUEUE


@BOTH
def test_the_options_are_ones_that_celery_knows(url: str) -> None:
    for options in (sender_options(url), worker_options(url)):
        app = Celery("of this test", set_as_current=False)
        app.conf.update(options)
        assert app.connection_for_write().as_uri(include_password=True).startswith(url[:4])
        assert set(options) <= set(app.conf.table())


def test_what_redis_is_told_is_not_told_to_rabbitmq() -> None:
    of_redis = set(sender_options(REDIS)["broker_transport_options"])
    of_rabbit = set(sender_options(RABBIT)["broker_transport_options"])
    assert {"visibility_timeout", "max_connections"} <= of_redis
    assert "confirm_publish" in of_rabbit
    assert not of_redis & of_rabbit


def test_every_wait_of_a_sender_has_an_end() -> None:
    assert sender_options(REDIS)["broker_transport_options"]["socket_timeout"] == 5
    options = sender_options(RABBIT)["broker_transport_options"]
    assert options["read_timeout"] == options["write_timeout"] == 1


def test_a_worker_of_rabbitmq_notices_a_silent_broker() -> None:
    assert 0 < worker_options(RABBIT)["broker_heartbeat"] <= 30


def test_an_amqps_broker_must_have_the_certificate_of_its_name() -> None:
    for options in (sender_options, worker_options):
        assert options("amqps://me:word@rabbit.internal/")["broker_use_ssl"] == {
            "cert_reqs": ssl.CERT_REQUIRED,
            "server_hostname": "rabbit.internal",
        }
        assert options(RABBIT)["broker_use_ssl"] is False
        assert "broker_use_ssl" not in options("rediss://here")  # redis-py checks by itself


@pytest.fixture
def app() -> Celery:
    return Celery("of this test", set_as_current=False)


def test_the_depth_of_redis_is_the_length_of_its_list(redis_url: str, app: Celery) -> None:
    depth = queue_depth(redis_url, lambda: app)
    with redis.Redis.from_url(redis_url) as client:
        client.delete(QUEUE)
        assert depth() == 0
        client.lpush(QUEUE, "one", "two")
        assert depth() == 2
        client.delete(QUEUE)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_has_no_depth_and_a_reason(scheme: str, app: Celery) -> None:
    nobody = f"{scheme}://127.0.0.1:1/"
    app.conf.update(sender_options(nobody))
    assert queue_depth(nobody, lambda: app)() is None
    assert "refused" in why_away(nobody, within_s=1)


def test_a_broker_that_answers_has_no_reason(redis_url: str) -> None:
    assert why_away(redis_url, within_s=3) == ""


def test_a_server_that_speaks_something_else_is_no_rabbitmq(redis_url: str) -> None:
    where = redis_url.rpartition("@")[2].partition("/")[0]
    assert why_away(f"amqp://guest:guest@{where}//", within_s=1)


def test_a_broker_that_never_answers_is_waited_for_no_longer_than_said(silent_port: Any) -> None:
    assert why_away(f"amqp://guest:guest@127.0.0.1:{silent_port}//", within_s=0.2)
    assert why_away(f"redis://127.0.0.1:{silent_port}/0", within_s=0.2)


@pytest.fixture
def silent_port() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
