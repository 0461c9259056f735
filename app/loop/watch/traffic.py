"""Traffic: watch what arrives and what is captured of it, from counts alone.

Input drift needs no shadow run: a router's confidence is known of every request, and a change of
its distribution is a change of the traffic or of the classifier. The sample ratio guards what all
estimates rest on: each exchange is captured with the probability that was written down for it.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.evidence.drift_evidence import CaptureEvidence, InputDriftEvidence
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.evaluation.sampling.sample_ratio import SampleRatioMonitor
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.kept_state import resumed, say_restarted
from tierwatch.store.alerts import NewAlert
from tierwatch.store.judgements.monitors import Monitor, load_monitor, put_monitor
from tierwatch.store.locks import try_lock
from tierwatch.store.step_runs import mark_run
from tierwatch.store.traffic.watched_counts import (
    CaptureCount,
    FreshCount,
    capture_counts,
    confidence_shares,
    first_eligible_minute,
    take_fresh_counts,
)

# Any number that no other program uses for an advisory lock on this database.
_LOCK = 7_431_204
# Counts that come later than this (a spool drained after a long outage) are no news. It also keeps
# the first check of an old database short.
_HISTORY = dt.timedelta(hours=6)
# The evidence of an alert compares the last stretch with what was before it.
_RECENT = dt.timedelta(minutes=15)


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
        if not try_lock(connection, _LOCK):
            return
        fresh = take_fresh_counts(connection, since=now - _HISTORY)
        _watch_inputs(connection, fresh, level, now)
        until = (now - dt.timedelta(seconds=lag_s)).replace(second=0, microsecond=0)
        _watch_capture(connection, until)
        mark_run(connection, "watch_traffic")


def _watch_inputs(
    connection: Connection, counts: Sequence[FreshCount], level: float, now: dt.datetime
) -> None:
    by_policy: dict[int, list[list[int]]] = {}
    for (version, _), rows in groupby(
        sorted(counts, key=lambda count: (count.policy_version, count.minute)),
        key=lambda count: (count.policy_version, count.minute),
    ):
        by_policy.setdefault(version, []).append(_histogram(rows))
    for version, histograms in by_policy.items():
        stream = f"input|p{version}"
        kept = load_monitor(connection, stream)
        monitor = resumed(InputDriftMonitor, kept)
        if monitor is None or (monitor.level, monitor.bins) != (level, CONFIDENCE_BINS):
            monitor = InputDriftMonitor(level=level, bins=CONFIDENCE_BINS, seed=version)
        alarmed = kept is not None and kept.alarmed
        crossed = [monitor.update_counts(histogram) for histogram in histograms]
        tripped = any(crossed) and not alarmed
        _put(connection, "input", stream, monitor, version=version, alarmed=alarmed or tripped)
        if tripped:
            before, after = confidence_shares(connection, version, since=now - _RECENT)
            open_alert(connection, _input_alert(version, monitor, before, after))


def _input_alert(
    version: int, monitor: InputDriftMonitor, before: Sequence[int], after: Sequence[int]
) -> NewAlert:
    return NewAlert(
        cause=f"input_drift:p{version}",
        tier="",
        segment="all",
        summary=(
            f"The router's confidence is distributed otherwise than before under policy"
            f" {version}: mean {_mean(after)} in the last {_RECENT.seconds // 60} minutes,"
            f" {_mean(before)} until then. The traffic has changed, or the classifier;"
            " thresholds certified before may not hold."
        ),
        pairs=0,
        evidence=InputDriftEvidence(
            policy_version=version,
            requests=monitor.n,
            statistic=monitor.statistic,
            level=monitor.level,
            bins_before=tuple(before),
            bins_after=tuple(after),
        ),
    )


def _histogram(counts: Iterable[FreshCount]) -> list[int]:
    histogram = [0] * CONFIDENCE_BINS
    for count in counts:
        histogram[count.bin] += count.requests
    return histogram


def _mean(bins: Sequence[int]) -> str:
    """Mean confidence of a histogram, as people read it."""
    total = sum(bins)
    if not total:
        return "unknown"
    middles = ((place + 0.5) / len(bins) * count for place, count in enumerate(bins))
    return f"{sum(middles) / total:.2f}"


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
    _put(connection, "capture", stream, monitor, tier=count.tier, alarmed=alarmed or tripped)
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
    connection: Connection,
    kind: str,
    stream: str,
    monitor: InputDriftMonitor | SampleRatioMonitor,
    *,
    tier: str = "",
    version: int = 0,
    alarmed: bool,
) -> None:
    put_monitor(
        connection,
        kind=kind,
        stream=stream,
        tier=tier,
        task_type="all",
        policy_version=version,
        judge_version="",
        state=monitor.state(),
        pairs=0,
        losses=0.0,
        newest_request_no=0,
        alarmed=alarmed,
        estimate=None,
    )
