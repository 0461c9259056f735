"""Deliver: send every event of every alert to every destination, at least once and in order.

What is to be sent was written with the change it tells of (`store.outbox`), so no change goes
unnoticed, however short it was. A delivery ends when the destination has taken it, when the event
itself is refused, or when it has waited for as long as the rules allow; until then it is tried
again with growing pauses. A worker that dies between sending and writing that down leaves a lease
behind; once that has ended the event is sent again, under the same id.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.faults import FAULTS
from tierwatch.loop.notify.repeat import repeat_standing
from tierwatch.loop.watch.alert import add_missing_events, renotify_alerts
from tierwatch.notify.answer import Answer, Destination, Repeating
from tierwatch.store.audit import add_audit
from tierwatch.store.locks import try_lock
from tierwatch.store.outbox.deliveries import (
    Waiting,
    end_lease,
    give_up,
    set_failed,
    set_paused,
    set_postponed,
    set_repeated,
    set_taken,
    take_deliveries,
)
from tierwatch.store.outbox.events import spread_events
from tierwatch.store.step_runs import mark_run

# One worker at a time spreads events, so that those of one alert are spread in their order.
_SPREAD_LOCK: Final = 7_431_205
# After which another worker may send to a destination: a POST has 10 s, a name to be resolved some
# 30 s before it.
_LEASE_S: Final = 60.0
# What one call spends on a destination: the next one begins where it ended.
_BUDGET_S: Final = 20.0
# Pauses of one delivery: 5 s, 10 s, 20 s ... 15 min.
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 900.0
# A destination that is away is asked once a minute, with one event.
_LONGEST_SILENCE_S: Final = 60.0
# So many failures in a row are the destination's, not the events'.
_ENOUGH_FAILURES: Final = 5
# Destinations must not be asked by all deployments in the same second.
_JITTER: Final = 0.2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NotifyRules:
    """How people are notified.

    Attributes:
        site: the dashboard's address, for links.
        repeat_s: after which people are notified again of an alert that is open and that nobody has
            acknowledged; None for never.
        give_up_s: age at which a delivery that was never taken fails.
    """

    site: str
    repeat_s: float | None = 14_400.0
    give_up_s: float = 604_800.0


def deliver_alerts(
    *,
    engine: Engine,
    destinations: Sequence[Destination],
    rules: NotifyRules,
    budget_s: float = _BUDGET_S,
    chance: Callable[[], float] = random.random,
) -> int:
    """Send what is due, to all destinations at once.

    Args:
        engine: Postgres.
        destinations: where to; their names are what deliveries are kept by.
        rules: how people are notified.
        budget_s: seconds after which no further event is begun.
        chance: uniform in [0, 1), for the jitter of pauses.

    Returns:
        How many events were sent, whatever the answer.
    """
    with engine.begin() as connection:
        if try_lock(connection, _SPREAD_LOCK):
            add_missing_events(connection)
            if rules.repeat_s is not None:
                renotify_alerts(connection, every_s=rules.repeat_s)
            spread_events(connection, [destination.name for destination in destinations])
            _give_up(connection, rules.give_up_s)
    until = time.monotonic() + budget_s

    def run(destination: Destination) -> int:
        try:
            sent = _deliver_to(engine, destination, rules, until, chance)
            return sent + _repeat_at(engine, destination, rules, chance)
        except Exception as error:  # noqa: BLE001 - one that fails costs itself
            FAULTS.note("deliver: to a destination", error)
            return 0

    with ThreadPoolExecutor(max(1, len(destinations))) as pool:
        sent = sum(pool.map(run, destinations))
    with engine.begin() as connection:
        mark_run(connection, "deliver")
    return sent


def _give_up(connection: Connection, after_s: float) -> None:
    for one in give_up(connection, after_s=after_s):
        _say_failed(connection, one.alert_id, one.destination, one.event, one.answer)


def _deliver_to(
    engine: Engine,
    destination: Destination,
    rules: NotifyRules,
    until: float,
    chance: Callable[[], float],
) -> int:
    """Send to one destination what is due there, until it is away or the time is over."""
    lease, sent = uuid.uuid4(), 0
    while (now := time.monotonic()) < until:
        with engine.begin() as connection:
            batch = take_deliveries(
                connection, destination.name, kind=destination.kind, lease=lease, lease_s=_LEASE_S
            )
        if not batch:
            return sent
        # Half of the lease: the other half is for the POST that is begun last.
        end = min(until, now + _LEASE_S / 2)
        for waiting in batch:
            if sent and time.monotonic() >= end:
                break
            answer = _answer(destination, waiting, rules.site)
            sent += 1
            with engine.begin() as connection:
                if not _record(connection, destination.name, waiting, answer, chance()):
                    break
    with engine.begin() as connection:
        end_lease(connection, destination.name, lease)
    return sent


def _repeat_at(
    engine: Engine, destination: Destination, rules: NotifyRules, chance: Callable[[], float]
) -> int:
    """Post again what stands, where a destination forgets; how many requests that took."""
    if not isinstance(destination, Repeating):
        return 0
    lease = uuid.uuid4()
    answer = repeat_standing(engine, destination, site=rules.site, lease=lease, lease_s=_LEASE_S)
    if answer is None:
        return 0
    with engine.begin() as connection:
        taken = answer.fate == "taken"
        failures = set_repeated(connection, destination.name, answer.detail, taken=taken)
        if not taken:
            _log.warning("open alerts not repeated", at=destination.name, why=answer.detail)
            set_paused(connection, destination.name, silence_s(failures, answer, chance()))
        end_lease(connection, destination.name, lease)
    return 1


def _answer(destination: Destination, waiting: Waiting, site: str) -> Answer:
    event = {**waiting.event, "permalink": f"{site}/alerts/{waiting.alert_id}"}
    try:
        return destination.send(event)
    except Exception as problem:  # noqa: BLE001 - see below
        # A fault of ours in one channel: the others go on, and it is tried again.
        _log.exception("a destination raised", destination=destination.name)
        return Answer("later", f"not sent: {type(problem).__name__} in tierwatch; see its log")


def _record(
    connection: Connection, destination: str, waiting: Waiting, answer: Answer, chance: float
) -> bool:
    """Write down an answer and what follows from it; whether more may be sent there now."""
    if answer.fate == "taken":
        set_taken(connection, waiting.id, destination, answer.detail)
        return True
    if answer.fate == "never":
        set_failed(connection, waiting.id, destination, answer.detail)
        event = str(waiting.event.get("type", ""))
        _say_failed(connection, waiting.alert_id, destination, event, answer.detail)
        return True
    wait_s = answer.wait_s or pause_s(waiting.tries, chance)
    failures = set_postponed(connection, waiting.id, destination, answer.detail, wait_s=wait_s)
    _log.warning(
        "alert not delivered yet",
        alert=waiting.alert_id,
        destination=destination,
        tries=waiting.tries + 1,
        why=answer.detail,
    )
    if answer.fate == "later" and failures < _ENOUGH_FAILURES:
        return True
    set_paused(connection, destination, silence_s(failures, answer, chance))
    return False


def _say_failed(
    connection: Connection, alert_id: int, destination: str, event: str, why: str
) -> None:
    add_audit(
        connection,
        actor="tierwatch",
        action="delivery.failed",
        subject=f"alert/{alert_id}",
        destination=destination,
        event=event,
        why=why,
    )
    _log.error("alert not delivered", alert=alert_id, destination=destination, why=why)


def pause_s(tries: int, chance: float) -> float:
    """Seconds until a delivery that was tried ``tries`` times before is tried again.

    >>> [round(pause_s(tries, 0.5)) for tries in (0, 1, 2, 7, 8, 10_000)]
    [5, 10, 20, 640, 900, 900]
    """
    doubled = min(_FIRST_PAUSE_S * 2.0 ** min(tries, 20), _LONGEST_PAUSE_S)
    return doubled * (1 + _JITTER * (2 * chance - 1))


def silence_s(failures: int, answer: Answer, chance: float) -> float:
    """Seconds until anything is sent to a destination that has failed ``failures`` times in a row.

    >>> silence_s(1, Answer("away", ""), 0.5), silence_s(1, Answer("away", "", 90.0), 0.5)
    (5.0, 90.0)
    """
    if answer.wait_s is not None:
        return answer.wait_s
    return min(pause_s(failures - 1, chance), _LONGEST_SILENCE_S)
