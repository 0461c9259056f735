"""How a worker ends: what is at work is known, and what does not end is given back."""

import os
import signal
import time
import uuid
from types import SimpleNamespace

import pytest
from fakes.waiting import until

from tierwatch.dispatch import JUDGE, OBSERVE, SHADOW
from tierwatch.stop_signals import StopSignals
from tierwatch_workers import stops
from tierwatch_workers.stops import AtWork, Ending, Task, give_back_claims, give_back_messages

EXCHANGE = uuid.uuid4()


def test_only_work_on_an_exchange_has_one() -> None:
    at_work = AtWork()
    at_work.begin("1", SHADOW, (str(EXCHANGE),))
    at_work.begin("2", OBSERVE, ())
    assert at_work.now() == [Task(SHADOW, EXCHANGE), Task(OBSERVE, None)]
    at_work.end("1")
    at_work.end("never begun")
    assert at_work.now() == [Task(OBSERVE, None)]


@pytest.mark.parametrize("args", [("no id",), (7,), ()])
def test_a_message_of_another_shape_is_work_on_nothing(args: tuple[object, ...]) -> None:
    """It fails in its task, with a traceback there, and must not keep the worker from ending."""
    at_work = AtWork()
    at_work.begin("1", JUDGE, args)
    assert at_work.now() == [Task(JUDGE, None)]


def test_claims_are_given_back_by_step_and_one_that_fails_stops_no_other() -> None:
    given: list[tuple[uuid.UUID, str]] = []

    def give_back(exchange_id: uuid.UUID, step: str) -> None:
        if step == "judge":
            raise OSError("postgres is away")
        given.append((exchange_id, step))

    tasks = [Task(JUDGE, EXCHANGE), Task(OBSERVE, None), Task(SHADOW, EXCHANGE)]
    assert give_back_claims(tasks, give_back) == 1
    assert given == [(EXCHANGE, "shadow")]


def test_messages_are_given_back_where_the_broker_does_not_do_it_itself() -> None:
    restored: list[str] = []
    qos = SimpleNamespace(restore_unacked_once=lambda: restored.append("all"))
    redis = SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(qos=qos)))
    amqp = SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace()))
    for consumer in (redis, amqp, SimpleNamespace(), None):
        give_back_messages(consumer)
    assert restored == ["all"]


class _Watched:
    """A worker's end that is watched and does not end the test."""

    def __init__(self, signals: StopSignals, *, within_s: float = 60.0) -> None:
        self.at_work = AtWork()
        self.left: list[list[Task]] = []
        self.codes: list[int] = []
        self.ending = Ending(
            signals,
            self.at_work,
            within_s=within_s,
            give_back=lambda left: self.left.append(left) or len(left),
            leave=self.codes.append,
        )
        self.ending.start()


def ask() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_without_a_signal_nothing_ends() -> None:
    with StopSignals() as signals:
        watched = _Watched(signals, within_s=0.01)
        time.sleep(0.1)
        assert watched.codes == []
        ask()
        until(lambda: watched.codes, 10)


def test_what_does_not_end_in_time_is_given_back_and_the_exit_is_an_ordinary_one() -> None:
    with StopSignals() as signals:
        watched = _Watched(signals, within_s=0.2)
        watched.at_work.begin("1", SHADOW, (str(EXCHANGE),))
        ask()
        until(lambda: watched.codes)
    assert watched.left == [[Task(SHADOW, EXCHANGE)]]
    assert watched.codes == [0]


def test_a_second_signal_gives_back_at_once() -> None:
    with StopSignals() as signals:
        watched = _Watched(signals)
        watched.at_work.begin("1", SHADOW, (str(EXCHANGE),))
        ask()
        until(lambda: signals.asked)
        time.sleep(0.2)
        assert watched.codes == []
        ask()
        until(lambda: watched.codes)
    assert watched.codes == [0]


def test_an_orderly_end_that_hangs_without_work_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A silent broker holds Celery's own end for ever."""
    monkeypatch.setattr(stops, "_IDLE_S", 0.2)
    with StopSignals() as signals:
        watched = _Watched(signals)
        ask()
        until(lambda: watched.codes)
    assert watched.left == [[]]


def test_a_postgres_that_hangs_does_not_hold_the_claims_giver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stops, "_GIVE_BACK_S", 0.1)
    with StopSignals() as signals:
        at_work, codes = AtWork(), list[int]()
        at_work.begin("1", SHADOW, (str(EXCHANGE),))

        def hang(left: list[Task]) -> int:
            time.sleep(3)
            return len(left)

        Ending(signals, at_work, within_s=0.1, give_back=hang, leave=codes.append).start()
        ask()
        until(lambda: codes, 2.5)
