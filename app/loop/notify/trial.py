"""Trial: send a test event to every destination at once, and say what each answered.

A test goes past the outbox: whoever asked for it wants the answer now, and a second try would hide
what the first one met.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from tierwatch.notify.answer import Answer, Destination
from tierwatch.store.audit import add_line

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a destination answered to a test event.

    Attributes:
        destination: its name.
        kind: of its channel.
        taken: whether it has the event.
        answer: what the receiver or the network said; never holds a URL.
    """

    destination: str
    kind: str
    taken: bool
    answer: str


def send_test(
    destinations: Sequence[Destination], *, site: str, actor: str, now: dt.datetime
) -> list[Trial]:
    """Send a test event to every destination at once.

    Args:
        destinations: where to.
        site: the dashboard's address, for the link.
        actor: who asks for it; the event says so.
        now: the time.

    Returns:
        One trial for each destination, in their order, after some ten seconds at the latest.
    """
    event = _test_event(site, actor, now)

    def run(destination: Destination) -> Trial:
        answer = _answer(destination, event)
        return Trial(destination.name, destination.kind, answer.fate == "taken", answer.detail)

    with ThreadPoolExecutor(max(1, len(destinations))) as pool:
        return list(pool.map(run, destinations))


def add_test_audit(connection: Connection, trials: Sequence[Trial], *, actor: str) -> None:
    """Write down who tested the destinations, and what they answered."""
    answers = {trial.destination: trial.answer for trial in trials}
    add_line(connection, actor, "notifications.tested", "notifications", answers)


def _test_event(site: str, actor: str, now: dt.datetime) -> dict[str, object]:
    test_id = f"test-{uuid.uuid4().hex[:12]}"
    return {
        "id": test_id,
        "event_id": f"{test_id}:test",
        "type": "alert.test",
        "timestamp": now.isoformat(),
        "kind": "test",
        "state": "resolved",
        "tier": "",
        "segment": "test",
        "cause": "test",
        "severity": "info",
        "summary": f"Test of tierwatch's notifications, asked for by {actor}. Nothing is wrong.",
        "permalink": f"{site}/alerts",
    }


def _answer(destination: Destination, event: dict[str, object]) -> Answer:
    try:
        return destination.send(event)
    except Exception as problem:  # noqa: BLE001 - a fault of ours in one channel hides no other
        _log.exception("a destination raised", destination=destination.name)
        return Answer("later", f"not sent: {type(problem).__name__} in tierwatch; see its log")
