"""Every event reaches every destination, at least once and in order, whatever happens between."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from fakes.collaborators import rows, scalar
from fakes.receiver import FakeDestination
from fakes.socket_receiver import HANG, RESET, sockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.loop.notify.deliver import NotifyRules, deliver_alerts, pause_s, silence_s
from tierwatch.loop.watch.alert import acknowledge_alert, open_alert, resolve_alert
from tierwatch.notify.answer import Answer, Destination
from tierwatch.notify.webhook import WebhookDestination
from tierwatch.store.alerts import NewAlert
from tierwatch.store.step_runs import last_runs

RULES = NotifyRules("https://watch.example")
NEW = NewAlert(
    cause="misroute:simple:all",
    tier="simple",
    segment="simple/all",
    summary="Answers of tier simple are worse.",
    pairs=40,
    evidence=MisrouteEvidence.from_json(stored.misroute()),
)
DOWN = Answer("away", "HTTP 503")
REFUSED = Answer("never", "HTTP 422")
LATER = Answer("later", "HTTP 500")
MOVES = ("opened", "acknowledged", "resolved")


def opened(engine: Engine, cause: str = "c") -> int:
    with engine.begin() as connection:
        alert_id = open_alert(connection, replace(NEW, cause=cause), opened_at_request=1)
    assert alert_id is not None
    return alert_id


def moved(engine: Engine, step: Callable[..., None], alert_id: int) -> None:
    with engine.begin() as connection:
        step(connection, alert_id, actor="ada")


def deliver(engine: Engine, *destinations: Destination, **changes: Any) -> int:
    rules = changes.pop("rules", RULES)
    return deliver_alerts(engine=engine, destinations=destinations, rules=rules, **changes)


def wait(engine: Engine, seconds: float) -> None:
    """Let time pass for all that waits."""
    with engine.begin() as connection:
        for table, columns in (
            ("deliveries", ("next_try_at", "waiting_since")),
            ("destinations", ("paused_until", "leased_until")),
        ):
            for column in columns:
                connection.execute(
                    text(f"update {table} set {column} = {column} - make_interval(secs => :s)"),  # noqa: S608
                    {"s": seconds},
                )


def test_an_alert_opened_and_resolved_between_two_ticks_sends_both_in_order(
    engine: Engine,
) -> None:
    alert = opened(engine)
    moved(engine, acknowledge_alert, alert)
    moved(engine, resolve_alert, alert)
    ops, log = FakeDestination("ops"), FakeDestination("log")
    assert deliver(engine, ops, log) == 6
    assert deliver(engine, ops, log) == 0
    assert ops.ids == log.ids == [f"{alert}:{what}" for what in MOVES]
    assert ops.events[0]["permalink"] == f"https://watch.example/alerts/{alert}"
    assert [event["state"] for event in ops.events] == ["open", "acknowledged", "resolved"]


def test_an_outage_of_days_is_outlived(engine: Engine) -> None:
    alert = opened(engine)
    ops = FakeDestination("ops", answers=[DOWN] * 99)
    for _ in range(50):  # half a day, at the longest pause
        deliver(engine, ops, rules=replace(RULES, repeat_s=None))
        wait(engine, 1_081)
    assert len(ops.events) == 50
    ops.answers.clear()
    assert deliver(engine, ops) == 1
    assert set(ops.ids) == {f"{alert}:opened"}
    assert scalar(engine, "select state from deliveries") == "delivered"
    assert scalar(engine, "select tries from deliveries") == 51


def test_a_receiver_that_asks_to_wait_is_not_asked_before(engine: Engine) -> None:
    opened(engine, "a")
    opened(engine, "b")
    ops = FakeDestination("ops", answers=[Answer("away", "HTTP 429", 120.0)])
    assert deliver(engine, ops) == 1
    wait(engine, 110)
    assert deliver(engine, ops) == 0
    wait(engine, 20)
    assert deliver(engine, ops) == 2


def test_one_alerts_stuck_event_holds_no_other(engine: Engine) -> None:
    stuck = opened(engine, "stuck")

    @dataclass
    class Picky:
        name: str = "ops"
        kind: str = "webhook"

        def send(self, event: Mapping[str, Any]) -> Answer:
            if event["id"] == stuck:
                return LATER
            seen.append(event["event_id"])
            return Answer("taken", "HTTP 200")

    seen: list[str] = []
    moved(engine, resolve_alert, stuck)
    others = [opened(engine, f"other {number}") for number in range(3)]
    for _ in range(3):
        deliver(engine, Picky())
        wait(engine, 30)
    assert seen == [f"{alert}:opened" for alert in others]
    waiting = rows(engine, "select alert_id, tries from deliveries where state = 'waiting'")
    assert {row.alert_id for row in waiting} == {stuck}


def test_a_destination_that_fails_does_not_hold_the_others(engine: Engine) -> None:
    alert = opened(engine)
    ops, log = FakeDestination("ops", answers=[DOWN] * 9), FakeDestination("log")
    assert deliver(engine, ops, log) == 2
    moved(engine, resolve_alert, alert)
    assert deliver(engine, ops, log) == 1
    assert log.ids == [f"{alert}:opened", f"{alert}:resolved"]
    assert ops.ids == [f"{alert}:opened"]


def test_what_is_refused_for_good_fails_with_its_sentence_and_the_next_event_goes(
    engine: Engine,
) -> None:
    alert = opened(engine)
    moved(engine, resolve_alert, alert)
    ops = FakeDestination("ops", answers=[REFUSED])
    assert deliver(engine, ops) == 2
    assert ops.ids == [f"{alert}:opened", f"{alert}:resolved"]
    kept = rows(engine, "select state, answer from deliveries order by id")
    assert [tuple(row) for row in kept] == [("failed", "HTTP 422"), ("delivered", "HTTP 200")]
    [line] = rows(engine, "select subject, detail from audit where action = 'delivery.failed'")
    assert line.subject == f"alert/{alert}"
    assert line.detail == {"destination": "ops", "event": "alert.opened", "why": "HTTP 422"}


def test_what_was_never_taken_is_given_up_after_its_age_and_audited(engine: Engine) -> None:
    opened(engine)
    ops = FakeDestination("ops", answers=[DOWN] * 9)
    rules = replace(RULES, give_up_s=3_600.0)
    deliver(engine, ops, rules=rules)
    wait(engine, 3_601)
    assert deliver(engine, ops, rules=rules) == 0
    [row] = rows(engine, "select state, answer from deliveries")
    assert (row.state, row.answer) == ("failed", "given up after 1 h, tries: 1; last: HTTP 503")
    assert scalar(engine, "select count(*) from audit where action = 'delivery.failed'") == 1


def test_a_channel_that_raises_is_tried_again_and_stops_nobody(engine: Engine) -> None:
    opened(engine)
    broken = FakeDestination("broken", answers=[ValueError("a fault of ours")])
    log = FakeDestination("log")
    assert deliver(engine, broken, log) == 2
    assert len(log.events) == 1
    assert scalar(engine, "select answer from deliveries where destination = 'broken'") == (
        "not sent: ValueError in tierwatch; see its log"
    )
    wait(engine, 10)
    assert deliver(engine, broken, log) == 1


def test_a_worker_that_dies_between_sending_and_marking_sends_the_same_event_again(
    engine: Engine,
) -> None:
    alert = opened(engine)
    killed = FakeDestination("ops", answers=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        deliver(engine, killed)
    ops = FakeDestination("ops")
    assert deliver(engine, ops) == 0  # the dead worker's lease
    wait(engine, 61)
    assert deliver(engine, ops) == 1
    assert deliver(engine, ops) == 0
    assert killed.ids == ops.ids == [f"{alert}:opened"]


def test_two_workers_do_not_send_the_same_at_once(engine: Engine) -> None:
    alerts = [opened(engine, f"c{number}") for number in range(20)]
    sending, sent, twice = threading.Lock(), [], []

    @dataclass
    class Slow:
        name: str = "ops"
        kind: str = "webhook"

        def send(self, event: Mapping[str, Any]) -> Answer:
            if not sending.acquire(blocking=False):
                twice.append(event["event_id"])
            time.sleep(0.005)
            sent.append(event["event_id"])
            sending.release()
            return Answer("taken", "HTTP 200")

    def work() -> None:
        for _ in range(4):
            deliver(engine, Slow())

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert twice == []
    assert sorted(sent) == sorted(f"{alert}:opened" for alert in alerts)


@pytest.mark.parametrize("alerts", [100, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_dead_receiver_and_many_alerts_cost_one_try_and_no_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, alerts: int
) -> None:
    with engine.begin() as connection:
        for number in range(alerts):
            open_alert(connection, replace(NEW, cause=f"c{number}"), opened_at_request=1)
    with sockets(HANG) as receiver:
        ops = WebhookDestination(receiver.url, name="ops")
        log = FakeDestination("log")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "tierwatch.notify.posting.post.__kwdefaults__",
                {"transport": None, "deadline_s": 0.3, "read": None},
            )
            assert deliver(engine, ops, log) == alerts + 1
    assert len(log.events) == alerts
    assert len(receiver.bodies) == 1
    assert scalar(engine, "select count(*) from deliveries where state = 'waiting'") == alerts
    assert scalar(engine, "select max(tries) from deliveries where state = 'waiting'") == 1


def test_the_time_of_a_call_is_bounded(engine: Engine) -> None:
    for number in range(5):
        opened(engine, f"c{number}")
    ops = FakeDestination("ops")
    assert deliver(engine, ops, budget_s=0.0) == 0
    assert deliver(engine, ops) == 5  # no lease was left behind


def test_an_open_alert_is_repeated_and_no_flood_follows_an_outage(engine: Engine) -> None:
    alert = opened(engine)
    ops, log = FakeDestination("ops", answers=[DOWN] * 3), FakeDestination("log")
    for _ in range(3):
        deliver(engine, ops, log, rules=replace(RULES, repeat_s=0.0))
        wait(engine, 1_000)
    # The first tick opens it and, as everything is long ago, repeats it.
    assert log.ids == [f"{alert}:opened", *(f"{alert}:renotified:{number}" for number in (2, 3, 4))]
    deliver(engine, ops, log, rules=replace(RULES, repeat_s=None))
    assert set(ops.ids) <= {f"{alert}:opened", f"{alert}:renotified:2"}
    assert scalar(engine, "select count(*) from deliveries where state = 'waiting'") == 0


def test_alerts_of_a_version_without_an_outbox_are_delivered(engine: Engine) -> None:
    with engine.begin() as connection:
        left = put.add_alert(connection, kind="budget", cause="budget:2026-11-23", tier="")
    ops = FakeDestination("ops")
    assert deliver(engine, ops) == 1
    assert ops.ids == [f"{left}:opened"]
    assert ops.events[0]["severity"] == "warning"


def test_what_waits_for_a_destination_that_was_removed_goes_once_it_is_back(
    engine: Engine,
) -> None:
    opened(engine)
    ops, log = FakeDestination("ops", answers=[DOWN]), FakeDestination("log")
    deliver(engine, ops, log)
    wait(engine, 1_000)
    assert deliver(engine, log) == 0
    assert deliver(engine, ops, log) == 1


def test_the_step_says_when_it_ran(engine: Engine) -> None:
    deliver(engine)
    with engine.connect() as connection:
        assert set(last_runs(connection)) == {"deliver"}


def test_pauses_grow_to_a_quarter_of_an_hour_and_differ() -> None:
    assert [pause_s(tries, 0.5) for tries in range(4)] == [5.0, 10.0, 20.0, 40.0]
    assert pause_s(50, 0.5) == 900.0
    assert pause_s(0, 0.0) == pytest.approx(4.0)
    assert pause_s(50, 0.999) == pytest.approx(1_080, rel=0.01)


def test_a_silent_destination_is_asked_at_least_once_a_minute_unless_it_asks_for_more() -> None:
    assert silence_s(1, DOWN, 0.5) == 5.0
    assert silence_s(40, DOWN, 0.99) == 60.0
    assert silence_s(1, Answer("away", "HTTP 429", 3_600.0), 0.5) == 3_600.0


@dataclass
class Faulty:
    """Takes an event or not as it is told; remembers what it has taken."""

    faults: list[str]
    name: str = "ops"
    kind: str = "webhook"

    def __post_init__(self) -> None:
        self.taken: list[tuple[int, int]] = []

    def send(self, event: Mapping[str, Any]) -> Answer:
        fault = self.faults.pop(0) if self.faults else "taken"
        if fault in {"taken", "taken unheard", "crash after"}:
            self.taken.append((event["id"], event["sequence"]))
        if fault.startswith("crash"):
            raise KeyboardInterrupt
        if fault == "taken":
            return Answer("taken", "HTTP 200")
        return LATER if fault == "later" else DOWN


@given(
    st.lists(
        st.sampled_from(["taken", "taken unheard", "later", "away", "crash before", "crash after"]),
        max_size=12,
    ),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["ack", "resolve"])), max_size=5),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_fails_each_event_arrives_once_or_more_and_in_order(
    engine: Engine, faults: list[str], moves: list[tuple[int, str]]
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("truncate alerts, alert_events, deliveries, destinations restart identity")
        )
    alerts = [opened(engine, f"c{number}") for number in range(3)]
    destination = Faulty(list(faults))
    for which, what in [*moves, (0, "none")]:
        _move(engine, alerts[which], what)
        _run(engine, destination)
        wait(engine, 1_100)
    for _ in range(30):
        if not scalar(engine, "select count(*) from deliveries where state = 'waiting'"):
            break
        wait(engine, 1_100)
        _run(engine, destination)
    events = {tuple(row) for row in rows(engine, "select alert_id, number from alert_events")}
    assert set(destination.taken) == events
    for alert in alerts:
        numbers = [number for of, number in destination.taken if of == alert]
        # In order; what is repeated is repeated at once, before the next.
        assert numbers == sorted(numbers)
    assert scalar(engine, "select count(*) from deliveries where state <> 'delivered'") == 0


def _run(engine: Engine, destination: Faulty) -> None:
    try:
        deliver(engine, destination, rules=replace(RULES, repeat_s=None))
    except KeyboardInterrupt:
        """A worker was killed."""


def _move(engine: Engine, alert: int, what: str) -> None:
    state = scalar(engine, "select state from alerts where id = :id", id=alert)
    if what == "ack" and state == "open":
        moved(engine, acknowledge_alert, alert)
    elif what == "resolve" and state != "resolved":
        moved(engine, resolve_alert, alert)


def test_on_a_real_socket_it_is_sent_until_it_is_taken(engine: Engine) -> None:
    alert = opened(engine)
    moved(engine, resolve_alert, alert)
    with sockets(500, RESET, 302, 429, 200) as receiver:
        ops = WebhookDestination(receiver.url, name="ops", secret="made-up")
        for _ in range(8):
            deliver(engine, ops)
            wait(engine, 1_100)
    assert len(receiver.bodies) == 6
    assert len(set(receiver.bodies[:5])) == 1
    assert f'"id": "{alert}:opened"'.encode() in receiver.bodies[4]
    assert f'"id": "{alert}:resolved"'.encode() in receiver.bodies[5]
