"""Heartbeat: tell a service outside that everything here runs, so that it can miss us.

Where beat or all workers are dead nothing here can alert. A service that expects a POST every so
often (a "dead man's switch") alerts when none comes. It is posted only while every watched step
runs: one that is stuck is a reason to be missed.
"""

import datetime as dt
import json
from dataclasses import dataclass, field

import httpx
import structlog
from sqlalchemy import Engine

from tierwatch.loop.watch.silence import STEP_SILENCE, WATCHED_STEPS
from tierwatch.notify.posting import post
from tierwatch.store.step_runs import last_runs, mark_if_older

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where to post, and how often.

    Attributes:
        url: often a secret itself, so it is never printed or logged.
        every_s: seconds between two posts.
        transport: carries the requests; None for the network.
    """

    url: str = field(repr=False)
    every_s: float = 60.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)


def send_heartbeat(*, engine: Engine, heartbeat: Heartbeat | None, now: dt.datetime) -> bool:
    """Post a heartbeat, if one is due and every watched step runs; whether it was taken."""
    if heartbeat is None:
        return False
    with engine.begin() as connection:
        runs = last_runs(connection)
        stuck = [
            step for step in WATCHED_STEPS if step not in runs or now - runs[step] > STEP_SILENCE
        ]
        due = not stuck and mark_if_older(connection, "heartbeat", heartbeat.every_s)
    if stuck:
        _log.warning("no heartbeat: steps do not run", steps=stuck)
    if not due:
        return False
    body = {
        "at": now.isoformat(),
        "steps": {step: runs[step].isoformat() for step in WATCHED_STEPS},
    }
    headers = {"content-type": "application/json"}
    content = json.dumps(body).encode()
    answer = post(heartbeat.url, content, headers, transport=heartbeat.transport)
    if answer.fate != "taken":
        _log.warning("heartbeat not taken", why=answer.detail)
    return answer.fate == "taken"
