"""Deliver: send every queued score to its place, at least once.

What is to be sent was written with its verdict. A delivery ends when the tool has taken it, when
the score itself is refused, when the tool still does not know its span after `_MOST_ABSENT` tries,
or when it is too old; until then it is tried again with growing pauses. A worker that dies between
sending and writing that down leaves a lease behind; after that the score is sent again, under the
same id.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.faults import FAULTS
from tierwatch.loop.notify.deliver import pause_s, silence_s
from tierwatch.notify.answer import Answer
from tierwatch.notify.scores.trace_score import Reply, ScoreDestination, TraceScore
from tierwatch.store.outbox.deliveries import end_lease, set_paused, set_repeated
from tierwatch.store.step_runs import mark_run
from tierwatch.store.traced.scores import (
    WaitingScore,
    give_up_scores,
    set_score_ended,
    set_score_postponed,
    take_scores,
)

# As of alerts: after it another worker may send, and what one call spends on a place.
_LEASE_S: Final = 60.0
_BUDGET_S: Final = 20.0
# Tries of a score whose span is not there: some twenty minutes. Exporters send within one, and a
# span that was sampled out never comes.
_MOST_ABSENT: Final = 8
# So many failures in a row are the place's, not the scores'.
_ENOUGH_FAILURES: Final = 5

_log = structlog.get_logger(__name__)


def deliver_scores(
    *,
    engine: Engine,
    destinations: Sequence[ScoreDestination],
    site: str,
    budget_s: float = _BUDGET_S,
    chance: Callable[[], float] = random.random,
) -> int:
    """Send what is due, to all places at once.

    Args:
        engine: Postgres.
        destinations: where to; their names are what deliveries are kept by.
        site: the dashboard's address, for links.
        budget_s: seconds after which no further score is begun.
        chance: uniform in [0, 1), for the jitter of pauses.

    Returns:
        How many scores were sent, whatever the answer.
    """
    if not destinations:
        return 0
    with engine.begin() as connection:
        ages = {destination.name: destination.give_up_s for destination in destinations}
        if given_up := give_up_scores(connection, ages):
            _log.warning("scores given up", scores=given_up)
    until = time.monotonic() + budget_s

    def run(destination: ScoreDestination) -> int:
        try:
            return _deliver_to(engine, destination, site, until, chance)
        except Exception as error:  # noqa: BLE001 - one that fails costs itself
            FAULTS.note("scores: to a destination", error)
            return 0

    with ThreadPoolExecutor(len(destinations)) as pool:
        sent = sum(pool.map(run, destinations))
    with engine.begin() as connection:
        mark_run(connection, "deliver_scores")
    return sent


def _deliver_to(
    engine: Engine,
    destination: ScoreDestination,
    site: str,
    until: float,
    chance: Callable[[], float],
) -> int:
    """Send to one place what is due there, until it is away or the time is over."""
    lease, sent = uuid.uuid4(), 0
    while (now := time.monotonic()) < until:
        with engine.begin() as connection:
            batch = take_scores(
                connection, destination.name, kind=destination.kind, lease=lease, lease_s=_LEASE_S
            )
        if not batch:
            return sent
        # Half of the lease: the other half is for the POST that is begun last.
        end = min(until, now + _LEASE_S / 2)
        for waiting in batch:
            if sent and time.monotonic() >= end:
                break
            reply = _reply(destination, waiting, site)
            sent += 1
            with engine.begin() as connection:
                if not _record(connection, destination.name, waiting, reply, chance()):
                    end_lease(connection, destination.name, lease)
                    return sent
    with engine.begin() as connection:
        end_lease(connection, destination.name, lease)
    return sent


def _reply(destination: ScoreDestination, waiting: WaitingScore, site: str) -> Reply:
    try:
        score = TraceScore(**waiting.body, link=f"{site}/pairs/{waiting.exchange_id}")
        return destination.send(score)
    except Exception as problem:  # noqa: BLE001 - see below
        # A fault of ours with one tool, or a row of another version: the others go on, and it is
        # tried again.
        _log.exception("a destination of scores raised", destination=destination.name)
        return Reply(
            Answer("later", f"not sent: {type(problem).__name__} in tierwatch; see its log")
        )


def _record(
    connection: Connection, destination: str, waiting: WaitingScore, reply: Reply, chance: float
) -> bool:
    """Write down a reply and what follows from it; whether more may be sent there now."""
    answer = reply.answer
    over = reply.absent and waiting.tries + 1 >= _MOST_ABSENT
    if answer.fate in {"taken", "never"} or over:
        taken = answer.fate == "taken"
        set_score_ended(connection, waiting.id, taken=taken, answer=answer.detail)
        if not taken:
            _log.warning("score not delivered", destination=destination, why=answer.detail)
    else:
        wait_s = answer.wait_s or pause_s(waiting.tries, chance)
        set_score_postponed(connection, waiting.id, answer=answer.detail, wait_s=wait_s)
    # That a span is not there is the word of a tool that is well.
    well = answer.fate == "taken" or reply.absent
    failures = set_repeated(connection, destination, answer.detail, taken=well)
    if well or answer.fate == "never" or (answer.fate == "later" and failures < _ENOUGH_FAILURES):
        return True
    set_paused(connection, destination, silence_s(failures, answer, chance))
    return False
