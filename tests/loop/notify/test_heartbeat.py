"""A heartbeat is posted while everything runs, at its interval, and not otherwise."""

import datetime as dt
import json

from fakes.collaborators import scalar
from fakes.receiver import URL, Receiver
from sqlalchemy import Engine, text

from tierwatch.loop.notify.heartbeat import Heartbeat, send_heartbeat
from tierwatch.loop.watch.silence import WATCHED_STEPS
from tierwatch.store.step_runs import mark_run


def beat(engine: Engine, receiver: Receiver, **changes: float) -> bool:
    heartbeat = Heartbeat(URL, transport=receiver.transport, **changes)
    return send_heartbeat(engine=engine, heartbeat=heartbeat, now=dt.datetime.now(dt.UTC))


def all_run(engine: Engine) -> None:
    with engine.begin() as connection:
        for step in WATCHED_STEPS:
            mark_run(connection, step)


def test_a_heartbeat_is_posted_once_an_interval(engine: Engine) -> None:
    all_run(engine)
    receiver = Receiver(200, 200)
    assert beat(engine, receiver)
    assert not beat(engine, receiver)
    assert beat(engine, receiver, every_s=0.0)
    body = json.loads(receiver.requests[0].content)
    assert set(body["steps"]) == set(WATCHED_STEPS)
    assert "very-secret" not in repr(Heartbeat(URL))


def test_it_is_withheld_while_a_step_has_never_run_or_is_stuck(engine: Engine) -> None:
    receiver = Receiver()
    assert not beat(engine, receiver)
    all_run(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "update step_runs set ran_at = now() - interval '11 minutes' where step = 'observe'"
            )
        )
    assert not beat(engine, receiver)
    assert receiver.requests == []
    assert scalar(engine, "select count(*) from step_runs where step = 'heartbeat'") == 0


def test_one_that_is_not_taken_is_no_failure_of_ours(engine: Engine) -> None:
    all_run(engine)
    receiver = Receiver(503, 200)
    assert not beat(engine, receiver)
    assert beat(engine, receiver, every_s=0.0)


def test_without_an_address_nothing_is_posted(engine: Engine) -> None:
    assert not send_heartbeat(engine=engine, heartbeat=None, now=dt.datetime.now(dt.UTC))
