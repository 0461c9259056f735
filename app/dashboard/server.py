"""Running the dashboard: until a signal, and then until what was asked is answered."""

import time
from typing import Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore

from tierwatch.dashboard.connection_limits import SlowRequests, limits
from tierwatch.stop_signals import StopSignals

# Requests served at once; a page is some milliseconds of Postgres.
_THREADS = 8
# Between two checks for a signal, and for requests that are too slow.
_TICK_S = 0.5
# A page takes seconds at worst; nobody waits for more of it at a stop.
_DRAIN_S = 10.0
# Without anything under way for so long, nobody is just sending something.
_QUIET_S = 0.3

_log = structlog.get_logger(__name__)


def serve(app: Flask, host: str, port: int, *, signals: StopSignals) -> None:
    """Serve until a signal; then answer what has arrived, for some seconds, and return."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(
        app, map=sockets, host=host, port=port, threads=_THREADS, ident=None, **limits()
    )
    slow = SlowRequests()
    while not signals.asked:
        _pass(sockets, _TICK_S)
        slow.hang_up(sockets)
    listeners = [one for one in sockets.values() if one.accepting]
    for listener in listeners:
        # Its trigger stays: that is how a thread says that a page is ready to be sent.
        wasyncore.dispatcher.close(listener)
    _drain(sockets, signals)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets, ignore_all=True)


def _pass(sockets: dict[int, Any], timeout_s: float) -> None:
    wasyncore.loop(timeout=timeout_s, use_poll=True, map=sockets, count=1)


def _drain(sockets: dict[int, Any], signals: StopSignals) -> None:
    began = quiet_since = time.monotonic()
    while not signals.hurried:
        now = time.monotonic()
        if any(_is_busy(one) for one in list(sockets.values())):
            quiet_since = now
        if now - quiet_since > _QUIET_S:
            return
        if now - began > _DRAIN_S:
            _log.warning("pages are left unanswered by the stop", after_s=_DRAIN_S)
            return
        _pass(sockets, 0.05)


def _is_busy(one: Any) -> bool:
    """Whether one of waitress's channels has a request to answer, or an answer to send."""
    return bool(getattr(one, "requests", None) or getattr(one, "total_outbufs_len", 0))
