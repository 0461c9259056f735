"""The processes of tierwatch, seen from beside: their ports, the workers, and the scheduler."""

import datetime as dt
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.examine import Finding
from tierwatch.config import load_config
from tierwatch.dispatch import answering_workers
from tierwatch.errors import TierwatchError
from tierwatch.local.process import is_free, owner_words
from tierwatch.settings import Settings, variable
from tierwatch.store.database import build_engine
from tierwatch.store.step_runs import last_runs

_ANSWERS_WITHIN_S = 2.0
# A worker answers a ping within milliseconds; one that is busy with numpy, within a second.
_PING_WITHIN_S = 1.5
# What beat sends and a worker runs, every few seconds: the slowest of them twice over, and then a
# step that was waiting for another.
_SLACK_S = 60.0
# How dashboard, and how gateway and intake say that they are well.
_WELL = re.compile(rb'ok|\{"status": ?"ok".*\}', re.DOTALL)
_LONGEST = 10_000
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not listened on


def neighbour_findings(settings: Settings, now: dt.datetime) -> list[Finding]:
    """Look at the ports of gateway, dashboard and intake, at workers and at the scheduler."""
    places = {
        "gateway": (settings.gateway_host, settings.gateway_port),
        "dashboard": (settings.dashboard_host, settings.dashboard_port),
    }
    if _has_intake(settings):
        places["intake"] = (settings.intake_host, settings.intake_port)
    found = [port_finding(name, *place) for name, place in places.items()]
    workers = answering_workers(settings.broker, within_s=_PING_WITHIN_S)
    return [*found, *loop_findings(workers, _runs(settings), now, _slack(settings))]


def port_finding(name: str, host: str, port: int) -> Finding:
    """Whether the process of that name answers where the settings say, or who does instead."""
    where = f"{_dialled(host)}:{port}"
    ours = _health(f"http://{where}/healthz")
    if ours:
        return Finding(name, ok=True, detail=f"answers at {where}")
    if ours is None and is_free(port):
        detail = f"does not run on this machine: nothing listens at {where}"
        return Finding(name, ok=True, warning=True, detail=detail)
    change = f"stop that program, or set {variable(f'{name}_port')}"
    detail = f"port {port} is taken{owner_words(port)}, and {name} does not answer there: {change}"
    return Finding(name, ok=False, detail=detail)


def loop_findings(
    workers: Sequence[str], runs: Mapping[str, dt.datetime] | None, now: dt.datetime, slack_s: float
) -> list[Finding]:
    """What answers and what ran say of the workers and of beat.

    Args:
        workers: names of those that answer through the broker.
        runs: when each scheduled step last ran to its end; None where Postgres is away.
        now: the time.
        slack_s: seconds after which a scheduled step that has not run is missing.
    """
    if not workers:
        return [Finding("workers", ok=False, detail="none answers; start: tierwatch worker")]
    found = [Finding("workers", ok=True, detail=f"{len(workers)} answer: {', '.join(workers)}")]
    if runs is None:
        return found
    if not runs:
        detail = "no scheduled step has ever run to its end; start: tierwatch beat"
        return [*found, Finding("beat", ok=True, warning=True, detail=detail)]
    step, at = max(runs.items(), key=lambda run: run[1])
    age = (now - at).total_seconds()
    if age > slack_s:
        detail = (
            f"no scheduled step has run to its end since {at:%Y-%m-%d %H:%M} UTC ({step}); start:"
            " tierwatch beat, exactly one"
        )
        return [*found, Finding("beat", ok=False, detail=detail)]
    detail = f"step {step} ran {max(age, 0):.0f} s ago"
    return [*found, Finding("beat", ok=True, detail=detail)]


def _slack(settings: Settings) -> float:
    return 2 * max(settings.observe_every_s, settings.sweep_every_s) + _SLACK_S


def _runs(settings: Settings) -> dict[str, dt.datetime] | None:
    engine = build_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return last_runs(connection)
    except SQLAlchemyError:
        return None  # said of postgres and of the schema already
    finally:
        engine.dispose()


def _has_intake(settings: Settings) -> bool:
    try:
        return load_config(settings.config).intake.takes
    except TierwatchError:
        return False  # said of the configuration already


def _dialled(host: str) -> str:
    return "127.0.0.1" if host in _ANY else f"[{host}]" if ":" in host else host


def _health(url: str) -> bool | None:
    """Whether it is a process of ours that answers there; None where nobody does."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=_ANSWERS_WITHIN_S) as answer:
            return _WELL.fullmatch(answer.read(_LONGEST).strip()) is not None
    except urllib.error.HTTPError as problem:
        problem.close()
        return False
    except (OSError, http.client.HTTPException):
        return None
