"""Messages reach the queue, and a broker that is away holds nobody up."""

import base64
import json
import time
import uuid
from collections.abc import Iterator

import pytest
import redis

from tierwatch.broker import LONGEST_COUNTDOWN_S, QUEUE
from tierwatch.dispatch import JUDGE, SHADOW, CeleryDispatch, KeptDispatch, answering_workers

NOBODY = "redis://127.0.0.1:1/0"
ID = uuid.UUID(int=7)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(QUEUE)
        yield client
        client.delete(QUEUE)


def test_many_exchanges_are_few_messages(redis_url: str, queue: redis.Redis) -> None:
    dispatch = CeleryDispatch(redis_url)
    many = [uuid.UUID(int=number) for number in range(1_001)]
    assert dispatch.shadow_exchanges([])
    assert dispatch.backlog() == 0
    assert dispatch.shadow_exchanges(many)
    messages = [json.loads(raw) for raw in reversed(queue.lrange(QUEUE, 0, -1))]
    bodies = [json.loads(base64.b64decode(message["body"]))[0][0] for message in messages]
    assert [len(body) for body in bodies] == [500, 500, 1]
    assert [one for body in bodies for one in body] == [str(one) for one in many]
    assert {message["headers"]["task"] for message in messages} == {SHADOW}


def test_many_exchanges_for_a_broker_that_is_away_are_tried_once() -> None:
    dispatch = CeleryDispatch(NOBODY)
    assert not dispatch.shadow_exchanges([ID] * 2_000)


def test_messages_carry_the_task_the_id_and_the_wait(redis_url: str, queue: redis.Redis) -> None:
    dispatch = CeleryDispatch(redis_url)
    assert dispatch.backlog() == 0
    assert dispatch.shadow_exchange(ID)
    assert dispatch.judge_exchange(ID, wait_s=60)
    assert dispatch.backlog() == 2
    messages = [json.loads(raw) for raw in reversed(queue.lrange(QUEUE, 0, -1))]
    assert [message["headers"]["task"] for message in messages] == [SHADOW, JUDGE]
    assert all(str(ID) in message["headers"]["argsrepr"] for message in messages)
    assert messages[0]["headers"]["eta"] is None
    assert messages[1]["headers"]["eta"] is not None


def test_a_wait_too_long_for_a_message_is_left_to_the_row(
    redis_url: str, queue: redis.Redis
) -> None:
    dispatch = CeleryDispatch(redis_url)
    assert dispatch.shadow_exchange(ID, wait_s=LONGEST_COUNTDOWN_S)
    for wait_s in (LONGEST_COUNTDOWN_S + 0.1, 86_400.0, 1e15, float("inf")):
        assert not dispatch.shadow_exchange(ID, wait_s=wait_s)
    assert queue.llen(QUEUE) == 1
    assert dispatch.shadow_exchange(ID)  # the broker is not taken for away


def test_a_broker_that_is_away_is_no_error_and_has_no_backlog() -> None:
    dispatch = CeleryDispatch(NOBODY)
    assert dispatch.shadow_exchange(ID) is False
    assert dispatch.backlog() is None


def test_after_a_failure_nobody_waits_for_the_broker_until_it_is_asked_again(
    redis_url: str, queue: redis.Redis
) -> None:
    clock = Clock()
    dispatch = CeleryDispatch(NOBODY, clock=clock)
    assert not dispatch.shadow_exchange(ID)
    began = time.monotonic()
    assert not any(dispatch.shadow_exchange(ID) for _ in range(10_000))
    assert time.monotonic() - began < 1  # 10,000 refused connections would take much longer
    dispatch._app = CeleryDispatch(redis_url)._app  # the broker is back
    clock.now_s += 4.9
    assert not dispatch.shadow_exchange(ID)
    clock.now_s += 0.1
    assert dispatch.shadow_exchange(ID)
    assert queue.llen(QUEUE) == 1


def test_the_twin_keeps_what_it_is_given() -> None:
    dispatch = KeptDispatch()
    assert dispatch.shadow_exchange(ID)
    assert dispatch.judge_exchange(ID, wait_s=2)
    assert dispatch.sent == [(SHADOW, ID, 0), (JUDGE, ID, 2)]
    assert dispatch.backlog() == 2


def test_no_worker_answers_where_there_is_none_or_no_broker(redis_url: str) -> None:
    assert answering_workers(redis_url.removesuffix("/0") + "/9", within_s=0.2) == []
    assert answering_workers("redis://127.0.0.1:1/0", within_s=0.2) == []
