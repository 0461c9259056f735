"""What stands is posted again where it would be forgotten, and what has ended never as open."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from factories.rows import add_alert
from fakes.collaborators import scalar
from fakes.receiver import FakeDestination
from sqlalchemy import Engine, text

from tierwatch.loop.notify.deliver import NotifyRules, deliver_alerts
from tierwatch.loop.notify.repeat import repeat_standing
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.notify.answer import Answer
from tierwatch.store.outbox.deliveries import take_lease

TAKEN = Answer("taken", "HTTP 200")


@dataclass
class Forgetful(FakeDestination):
    """Keeps what it is sent again; gives the answers it was told to, then takes everything."""

    repeat_s: ClassVar[float] = 60.0

    kind: str = "alertmanager"
    again: list[list[dict[str, Any]]] = field(default_factory=list)
    to_repeats: list[Answer | BaseException] = field(default_factory=list)

    def send_all(self, events: Sequence[Mapping[str, Any]]) -> Answer:
        self.again.append([dict(event) for event in events])
        answer = self.to_repeats.pop(0) if self.to_repeats else TAKEN
        if isinstance(answer, BaseException):
            raise answer
        return answer


def opened(engine: Engine, **changes: Any) -> int:
    with engine.begin() as connection:
        return add_alert(connection, **changes)


def run(engine: Engine, here: Forgetful) -> None:
    deliver_alerts(engine=engine, destinations=[here], rules=NotifyRules("https://w.example"))


def minute(engine: Engine, seconds: int = 61) -> None:
    """Let time pass for what is repeated and for what was paused."""
    with engine.begin() as connection:
        for table, column in (
            ("step_runs", "ran_at"),
            ("destinations", "paused_until"),
            ("destinations", "leased_until"),
            ("alerts", "resolved_at"),
        ):
            connection.execute(
                text(f"update {table} set {column} = {column} - make_interval(secs => :s)"),  # noqa: S608
                {"s": seconds},
            )


def states(events: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    return {event["id"]: event["state"] for event in events}


def test_what_is_open_is_posted_again_every_minute_and_no_sooner(engine: Engine) -> None:
    here = Forgetful("am")
    alert = opened(engine)
    for _ in range(3):
        run(engine, here)
    assert [states(events) for events in here.again] == [{alert: "open"}]
    assert here.again[0][0]["permalink"] == f"https://w.example/alerts/{alert}"
    minute(engine)
    run(engine, here)
    assert len(here.again) == 2


def test_an_acknowledged_alert_stands_and_a_resolved_one_is_said_to_be_for_a_while(
    engine: Engine,
) -> None:
    here = Forgetful("am")
    alert = opened(engine)
    for move, state in ((acknowledge_alert, "acknowledged"), (resolve_alert, "resolved")):
        with engine.begin() as connection:
            move(connection, alert, actor="ada")
        minute(engine)
        run(engine, here)
        assert states(here.again[-1]) == {alert: state}
    minute(engine, 901)
    run(engine, here)
    assert len(here.again) == 2


def test_nothing_stands_and_nothing_is_posted(engine: Engine) -> None:
    here = Forgetful("am")
    run(engine, here)
    assert here.again == []


@pytest.mark.parametrize("problem", [Answer("away", "HTTP 503"), RuntimeError("a fault of ours")])
def test_a_receiver_that_does_not_take_it_is_failing_and_is_asked_again(
    engine: Engine, problem: Answer | BaseException
) -> None:
    here = Forgetful("am", to_repeats=[problem])
    opened(engine)
    run(engine, here)
    assert scalar(engine, "select failures from destinations") == 1
    assert scalar(engine, "select lease from destinations") is None
    minute(engine)
    run(engine, here)
    assert len(here.again) == 2
    assert scalar(engine, "select failures from destinations") == 0
    assert scalar(engine, "select failing_since from destinations") is None


def test_a_receiver_that_is_paused_or_another_workers_is_left_alone(engine: Engine) -> None:
    here, lease = Forgetful("am"), uuid.uuid4()
    opened(engine)
    with engine.begin() as connection:
        assert take_lease(connection, "am", kind="alertmanager", lease=lease, lease_s=60)
    again = repeat_standing(engine, here, site="", lease=uuid.uuid4(), lease_s=60)
    assert (again, here.again) == (None, [])
    # It is due as soon as the other one has ended.
    assert repeat_standing(engine, here, site="", lease=lease, lease_s=60) == TAKEN
    minute(engine)
    with engine.begin() as connection:
        connection.execute(text("update destinations set paused_until = now() + interval '1 min'"))
    assert repeat_standing(engine, here, site="", lease=uuid.uuid4(), lease_s=60) is None


def test_a_destination_that_remembers_is_sent_nothing_twice(engine: Engine) -> None:
    ops = FakeDestination("ops")
    opened(engine)
    for _ in range(2):
        deliver_alerts(engine=engine, destinations=[ops], rules=NotifyRules(""))
        minute(engine)
    assert not hasattr(ops, "send_all")
    assert scalar(engine, "select count(*) from step_runs where step like 'repeat%'") == 0
