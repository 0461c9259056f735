"""Silence: say when data stops, for a monitor that is fed nothing alarms never.

Four causes, one alert each, each of which ends by itself once data comes again: no traffic where
the same time of other days had some, no verdict while exchanges wait for one, a scheduled step that
no longer runs to its end, and tables that will soon refuse every row, for nobody has cut the months
to come. That everything stands still, this step included, is for somebody
outside to notice: see `loop.notify.heartbeat`.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.evidence.alert_evidence import NoDataEvidence
from tierwatch.loop.watch.alert import open_alert, resolve_alert
from tierwatch.store.alerts import NewAlert, last_of_cause
from tierwatch.store.locks import try_lock
from tierwatch.store.step_runs import last_runs, mark_run
from tierwatch.store.traffic.partitions import covered_until
from tierwatch.store.traffic.silence import (
    minutes_with_traffic,
    traffic_silence,
    verdict_silence,
)

_LOCK: Final = 7_431_206
# With k busy minutes in two stretches of the same rate, chance puts all of them into the first one
# with probability 2^-k: one in 32,768.
_BUSY_MINUTES: Final = 15
# Traffic is back once it came in so many minutes: one check of somebody's monitoring is none.
_BACK_MINUTES: Final = 3
# A judge that is asked again after a Retry-After is silent for minutes; a pair has a few tries.
_VERDICT_SILENCE: Final = dt.timedelta(minutes=30)
_WAITING: Final = 10
# Each runs every few seconds; a step that takes longer than this is stuck.
STEP_SILENCE: Final = dt.timedelta(minutes=10)
# The steps whose silence nobody would notice by the data alone.
WATCHED_STEPS: Final = ("observe", "watch_traffic", "deliver", "silence")
# Months are made two ahead, every hour: with less than this left it has failed for weeks.
_LEAST_AHEAD: Final = dt.timedelta(days=21)


@dataclass(frozen=True, slots=True)
class SilenceRules:
    """When silence is worth an alert.

    Attributes:
        traffic_s: least seconds without a request; None says nothing about traffic.
    """

    traffic_s: float | None = 900.0


def watch_silence(*, engine: Engine, rules: SilenceRules, now: dt.datetime) -> None:
    """Open an alert for each kind of data that has stopped; resolve those whose data is back."""
    with engine.begin() as connection:
        if not try_lock(connection, _LOCK):
            return
        if rules.traffic_s is not None:
            _watch_traffic(connection, dt.timedelta(seconds=rules.traffic_s), now)
        _watch_verdicts(connection, now)
        _watch_steps(connection, now)
        _watch_months(connection, now)
        mark_run(connection, "silence")


def _watch_traffic(connection: Connection, silence: dt.timedelta, now: dt.datetime) -> None:
    cause = "no_data:traffic"
    if _is_open(connection, cause):
        opened = last_of_cause(connection, cause)
        minutes = 0 if opened is None else minutes_with_traffic(connection, opened.opened_at)
        if minutes >= _BACK_MINUTES:
            _resolve(connection, cause, f"Requests have come again in {minutes} minutes since.")
        return
    found = traffic_silence(connection, now)
    if found is None or now - found.last <= silence + dt.timedelta(minutes=1):
        return
    usual = found.day_before
    if found.week_before is not None:
        usual = min(usual, found.week_before)
    if usual < _BUSY_MINUTES or _was_said(connection, cause, found.last):
        return
    against = "yesterday" if found.week_before is None else "yesterday and a week ago"
    _open(
        connection,
        cause,
        f"No request has been counted since {found.last:%Y-%m-%d %H:%M} UTC; in the same time"
        f" {against} there was traffic in at least {usual} minutes. Either no traffic comes, or no"
        " gateway can write what it counts: look at their /readyz.",
        NoDataEvidence(
            what="traffic",
            last_at=found.last.isoformat(),
            silent_s=(now - found.last).total_seconds(),
            expected=usual,
        ),
    )


def _watch_verdicts(connection: Connection, now: dt.datetime) -> None:
    cause = "no_data:verdicts"
    found = verdict_silence(connection, now, older_than=_VERDICT_SILENCE)
    if _is_open(connection, cause):
        opened = last_of_cause(connection, cause)
        if opened is not None and found.last is not None and found.last > opened.opened_at:
            _resolve(connection, cause, "The judge has given a verdict again.")
        return
    if found.last is not None and now - found.last <= _VERDICT_SILENCE:
        return
    stuck = found.waiting + found.failed
    if stuck < _WAITING or (found.last and _was_said(connection, cause, found.last)):
        return
    since = "ever" if found.last is None else f"since {found.last:%Y-%m-%d %H:%M} UTC"
    _open(
        connection,
        cause,
        f"There was no verdict {since}, though {found.waiting} sampled exchanges have been waiting"
        f" for more than {_VERDICT_SILENCE.seconds // 60} minutes and {found.failed} ended without"
        " one. Nothing is measured until the workers, the judge or its key are mended.",
        NoDataEvidence(
            what="verdicts",
            last_at=None if found.last is None else found.last.isoformat(),
            silent_s=0.0 if found.last is None else (now - found.last).total_seconds(),
            expected=stuck,
        ),
    )


def _watch_steps(connection: Connection, now: dt.datetime) -> None:
    for step, ran_at in last_runs(connection).items():
        cause = f"no_data:step:{step}"
        if step not in WATCHED_STEPS or step == "silence":
            continue
        if now - ran_at <= STEP_SILENCE:
            if _is_open(connection, cause):
                _resolve(connection, cause, f"The step has run again, at {ran_at:%H:%M:%S} UTC.")
        elif not _was_said(connection, cause, ran_at):
            _open(
                connection,
                cause,
                f"The step {step} has not run to its end since {ran_at:%Y-%m-%d %H:%M} UTC, though"
                " it is due every few seconds. The workers' log says why.",
                NoDataEvidence(
                    what=f"step {step}",
                    last_at=ran_at.isoformat(),
                    silent_s=(now - ran_at).total_seconds(),
                    expected=1,
                ),
            )


def _watch_months(connection: Connection, now: dt.datetime) -> None:
    cause, today = "no_data:months", now.astimezone(dt.UTC).date()
    cut = {table: end for table, end in covered_until(connection).items() if end is not None}
    if not cut:
        return
    table, end = min(cut.items(), key=lambda one: one[1])
    if end - today > _LEAST_AHEAD:
        if _is_open(connection, cause):
            _resolve(connection, cause, f"{table} takes rows until {end:%Y-%m-%d} again.")
        return
    if _is_open(connection, cause) or _was_said(connection, cause, now - dt.timedelta(days=1)):
        return
    _open(
        connection,
        cause,
        f"{table} takes rows until {end:%Y-%m-%d} and has no month cut after that: from then on"
        " nothing sampled or judged could be stored. The step retention, hourly in a worker,"
        " cuts them; the workers' log says why it fails.",
        NoDataEvidence(what="months", last_at=None, silent_s=0.0, expected=(end - today).days),
    )


def _open(connection: Connection, cause: str, summary: str, evidence: NoDataEvidence) -> None:
    new = NewAlert(cause=cause, tier="", segment="all", summary=summary, pairs=0, evidence=evidence)
    open_alert(connection, new)


def _is_open(connection: Connection, cause: str) -> bool:
    found = last_of_cause(connection, cause)
    return found is not None and found.state != "resolved"


def _was_said(connection: Connection, cause: str, since: dt.datetime) -> bool:
    """Whether there was an alert of this silence already: a person who resolved it knows."""
    found = last_of_cause(connection, cause)
    return found is not None and found.opened_at > since


def _resolve(connection: Connection, cause: str, why: str) -> None:
    found = last_of_cause(connection, cause)
    if found is not None:
        resolve_alert(connection, found.id, actor="tierwatch", resolution={"why": why})
