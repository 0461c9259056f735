"""Traffic: watch what arrives and what is captured of it, from counts alone.

Input drift needs no shadow run: a router's confidence is known of every request, and a change of
its distribution is a change of the traffic or of the classifier. The sample ratio guards what all
estimates rest on: each exchange is captured with the probability that was written down for it.
"""

import datetime as dt

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.evidence.drift_evidence import CaptureEvidence
from tierwatch.evaluation.sampling.sample_ratio import SampleRatioMonitor
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.inputs import end_inputs, watch_inputs
from tierwatch.loop.watch.kept_state import resumed, say_restarted
from tierwatch.store.alerts import NewAlert
from tierwatch.store.judgements.monitors import Monitor, load_monitor, put_monitor
from tierwatch.store.locks import try_lock
from tierwatch.store.step_runs import mark_run
from tierwatch.store.traffic.watched_counts import (
    CaptureCount,
    capture_counts,
    first_eligible_minute,
    take_fresh_counts,
)

# Any number that no other program uses for an advisory lock on this database.
_LOCK = 7_431_204
# Counts that come later than this (a spool drained after a long outage) are no news. It also keeps
# the first check of an old database short.
_HISTORY = dt.timedelta(hours=6)


def watch_traffic(*, engine: Engine, level: float, now: dt.datetime, lag_s: float = 300.0) -> None:
    """Feed what was counted since the last call to the input and capture monitors.

    Args:
        engine: Postgres.
        level: evidence at which input drift alarms.
        now: the time.
        lag_s: age at which a minute is taken for complete: gateways commit every second, so this
            is longer than a commit may be delayed.
    """
    with engine.begin() as connection:
        # By itself: like a person who resolves an alert, it takes the alert before its stream.
        end_inputs(connection, now)
    with engine.begin() as connection:
        if not try_lock(connection, _LOCK):
            return
        fresh = take_fresh_counts(connection, since=now - _HISTORY)
        watch_inputs(connection, fresh, level, now)
        until = (now - dt.timedelta(seconds=lag_s)).replace(second=0, microsecond=0)
        _watch_capture(connection, until)
        mark_run(connection, "watch_traffic")


def _watch_capture(connection: Connection, until: dt.datetime) -> None:
    """Take complete minutes that were not taken before; the newest is kept with the monitors."""
    known = load_monitor(connection, "capture")
    after = _first_to_take(connection, until) if known is None else _taken_until(known)
    if after is not None:
        if until <= after:
            return
        for count in capture_counts(connection, after, until):
            _take_capture(connection, count)
    put_monitor(
        connection,
        kind="cursor",
        stream="capture",
        tier="",
        task_type="all",
        policy_version=0,
        judge_version="",
        state={"until": int(until.timestamp())},
        pairs=0,
        losses=0.0,
        newest_request_no=0,
        alarmed=False,
        estimate=None,
    )


def _first_to_take(connection: Connection, until: dt.datetime) -> dt.datetime:
    """Where a database begins whose captures were not watched yet."""
    first = first_eligible_minute(connection)
    # Not that minute itself: an older version may have captured in it without counting.
    return until if first is None else first + dt.timedelta(minutes=1)


def _taken_until(cursor: Monitor) -> dt.datetime | None:
    """The minute up to which captures were taken; None where that cannot be read.

    Then those until now are passed over: what is taken twice would count twice.
    """
    try:
        return dt.datetime.fromtimestamp(cursor.state["until"], dt.UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as problem:
        say_restarted(cursor.stream, f"{type(problem).__name__}: {problem}")
        return None


def _take_capture(connection: Connection, count: CaptureCount) -> None:
    stream = f"capture|{count.tier}"
    kept = load_monitor(connection, stream)
    monitor = resumed(SampleRatioMonitor, kept) or SampleRatioMonitor()
    alarmed = kept is not None and kept.alarmed
    # Requests that were counted twice cannot be captured more often than they were eligible.
    crossed = monitor.update(count.eligible, count.expected, min(count.captured, count.eligible))
    tripped = crossed and not alarmed
    _put(connection, stream, monitor, tier=count.tier, alarmed=alarmed or tripped)
    if tripped:
        open_alert(connection, _capture_alert(count.tier, monitor))


def _capture_alert(tier: str, monitor: SampleRatioMonitor) -> NewAlert:
    return NewAlert(
        cause=f"capture:{tier}",
        tier=tier,
        segment=f"{tier}/all",
        summary=(
            f"Of tier {tier}, {monitor.captured} exchanges were captured where"
            f" {monitor.expected:.0f} were to be expected of {monitor.eligible}. The recorded"
            " inclusion probabilities are not the true ones, so no rate of this tier can be"
            " believed until the loss is found: look for dropped captures and a full spool."
        ),
        pairs=monitor.captured,
        evidence=CaptureEvidence(
            eligible=monitor.eligible,
            expected=monitor.expected,
            captured=monitor.captured,
            statistic=monitor.statistic,
        ),
    )


def _put(
    connection: Connection, stream: str, monitor: SampleRatioMonitor, *, tier: str, alarmed: bool
) -> None:
    put_monitor(
        connection,
        kind="capture",
        stream=stream,
        tier=tier,
        task_type="all",
        policy_version=0,
        judge_version="",
        state=monitor.state(),
        pairs=0,
        losses=0.0,
        newest_request_no=0,
        alarmed=alarmed,
        estimate=None,
    )
