"""Inputs: is the router's confidence distributed as it was at this hour of the week?

Until two weeks are known all hours are one reference: its alarm is a hint of severity info, given
once. From then on each hour of the week has its own. A stream is kept as one small row and a row
for each hour of the week, of which a call writes only those that it has counts of.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import Connection

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor, checked_counts
from tierwatch.evaluation.alarms.weekly_drift import WEEK_H, WeeklyDriftMonitor
from tierwatch.evaluation.evidence.drift_evidence import InputDriftEvidence
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.loop.watch.alert import open_alert, resolve_alert
from tierwatch.loop.watch.kept_state import resumed, say_restarted
from tierwatch.store.alerts import Alert, NewAlert, unresolved_alerts
from tierwatch.store.judgements.input_hours import (
    end_alarm,
    forget_other_hours,
    load_hours,
    put_hour,
    read_monitor,
)
from tierwatch.store.judgements.monitors import load_monitor, put_monitor
from tierwatch.store.policies import active_versions
from tierwatch.store.traffic.watched_counts import FreshCount, confidence_shares

# The evidence of an alert compares the last stretch with what was before it.
_RECENT: Final = dt.timedelta(minutes=15)
# What has been so for a whole week is what there is.
_NORMAL_AFTER: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The two monitors of a policy's inputs.

    Attributes:
        early: all hours together; feeds the alarm until two weeks are known.
        weekly: by hour of the week.
        by_hour: whether two weeks are known, so that ``weekly`` feeds it.
    """

    early: InputDriftMonitor
    weekly: WeeklyDriftMonitor
    by_hour: bool = False

    def state(self) -> dict[str, object]:
        """Both as plain JSON, without the cells of the week."""
        return {
            "early": self.early.state(),
            "weekly": self.weekly.state(),
            "by_hour": self.by_hour,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """Go on from `state`, or from what a version without hours of the week kept.

        Raises:
            EvidenceError: it is neither.
        """
        if "counts" in state:
            old = InputDriftMonitor.from_state(state)
            return cls(old, WeeklyDriftMonitor(old.level, old.bins, old.seed))
        early, weekly = state.get("early"), state.get("weekly")
        if not isinstance(early, Mapping) or not isinstance(weekly, Mapping):
            raise EvidenceError("this is not the state of inputs: it has no two monitors")
        return cls(
            InputDriftMonitor.from_state(early),
            WeeklyDriftMonitor.from_state(weekly),
            by_hour=state.get("by_hour") is True,
        )


def hour_of(moment: dt.datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp()) // 3_600


def watch_inputs(
    connection: Connection, counts: Sequence[FreshCount], level: float, now: dt.datetime
) -> None:
    """Feed fresh counts to the monitors of their policies, and alert where one alarms.

    Args:
        connection: in a transaction.
        counts: each taken once, in order of their minutes.
        level: evidence at which to alarm.
        now: the time.
    """
    by_policy: dict[int, dict[dt.datetime, list[int]]] = {}
    for count in counts:
        minutes = by_policy.setdefault(count.policy_version, {})
        minutes.setdefault(count.minute, [0] * CONFIDENCE_BINS)[count.bin] += count.requests
    for version, minutes in by_policy.items():
        _watch_policy(connection, version, minutes, level, now)


def _watch_policy(
    connection: Connection,
    version: int,
    minutes: Mapping[dt.datetime, Sequence[int]],
    level: float,
    now: dt.datetime,
) -> None:
    stream = f"input|p{version}"
    kept = load_monitor(connection, stream)
    inputs = resumed(Inputs, kept)
    if inputs is None or (inputs.early.level, inputs.early.bins) != (level, CONFIDENCE_BINS):
        inputs = Inputs(
            InputDriftMonitor(level=level, bins=CONFIDENCE_BINS, seed=version),
            WeeklyDriftMonitor(level=level, bins=CONFIDENCE_BINS, seed=version),
        )
        kept = None
        forget_other_hours(connection, {*active_versions(connection), version})
    hours = {hour_of(minute) % WEEK_H for minute in minutes}
    weekly = _with_cells(connection, inputs.weekly, version, hours)
    by_hour, alarmed = inputs.by_hour, kept is not None and kept.alarmed
    for minute, histogram in sorted(minutes.items()):
        hour = hour_of(minute)
        if weekly.knows(hour) and not by_hour:
            by_hour, alarmed = True, False
        crossed = weekly.update_counts(hour, histogram)
        if not by_hour:
            crossed = inputs.early.update_counts(histogram)
        if crossed and not alarmed:
            alarmed = True
            said = Inputs(inputs.early, weekly, by_hour=by_hour)
            open_alert(connection, _alert(connection, version, said, hour, now))
    for place in hours:
        put_hour(connection, version, place, weekly.cell(place))
    put_monitor(
        connection,
        kind="input",
        stream=stream,
        tier="",
        task_type="all",
        policy_version=version,
        judge_version="",
        state=Inputs(inputs.early, weekly, by_hour=by_hour).state(),
        pairs=0,
        losses=0.0,
        newest_request_no=0,
        alarmed=alarmed,
        estimate=None,
    )


def _with_cells(
    connection: Connection, weekly: WeeklyDriftMonitor, version: int, hours: Collection[int]
) -> WeeklyDriftMonitor:
    """The monitor with the cells it is about to update; one that cannot be read starts empty."""
    cells = {}
    for place, counts in load_hours(connection, version, hours).items():
        try:
            cells[place] = checked_counts(counts, weekly.bins)
        except EvidenceError as problem:
            say_restarted(f"input|p{version}|h{place}", str(problem))
    return WeeklyDriftMonitor.from_state(weekly.state(), cells)


def end_inputs(connection: Connection, now: dt.datetime) -> None:
    """Resolve alerts of inputs that are over.

    One of the first two weeks is when they are known, for then hours are compared with hours. A
    later one is when requests rank evenly again, the reference kept; or when it has lasted a week,
    for then this is what is normal, and the stream begins anew from it.
    """
    for alert in unresolved_alerts(connection):
        if not isinstance(alert.evidence, InputDriftEvidence):
            continue
        version = alert.evidence.policy_version
        kept = read_monitor(connection, f"input|p{version}")
        inputs = resumed(Inputs, kept)
        if kept is None or inputs is None:
            continue
        over = _over(alert, alert.evidence, inputs, now)
        if over is not None:
            why, forget = over
            resolve_alert(
                connection, alert.id, actor="tierwatch", resolution={"why": why}, forget=forget
            )
            if not forget and alert.evidence.by_hour:
                end_alarm(connection, kept.stream)


def _over(
    alert: Alert, evidence: InputDriftEvidence, inputs: Inputs, now: dt.datetime
) -> tuple[str, bool] | None:
    """Why an alert is over, and whether its stream begins anew; None while it is not."""
    if not evidence.by_hour:
        if not inputs.by_hour:
            return None
        return "Two weeks are known: each hour is compared with the same hour of the week.", False
    if inputs.weekly.back:
        return "Confidences are distributed as before again at these hours of the week.", False
    if now - alert.opened_at >= _NORMAL_AFTER:
        why = "It has been so for a whole week and is taken for normal; the reference begins anew."
        return why, True
    return None


def _alert(
    connection: Connection, version: int, inputs: Inputs, hour: int, now: dt.datetime
) -> NewAlert:
    before, after = confidence_shares(connection, version, since=now - _RECENT)
    if inputs.by_hour:
        before = [
            max(0, known - fresh)
            for known, fresh in zip(inputs.weekly.cell(hour), after, strict=True)
        ]
    monitor = inputs.weekly if inputs.by_hour else inputs.early
    against = "at this hour of the week" if inputs.by_hour else "until then"
    doubt = (
        " The traffic has changed, or the classifier; thresholds certified before may not hold."
        if inputs.by_hour
        else " Two weeks are not known yet, so this may be no more than the time of day. It is said"
        " once; from the third week on each hour is compared with the same hour of the week."
    )
    return NewAlert(
        cause=f"input_drift:p{version}",
        tier="",
        segment="all",
        summary=(
            f"The router's confidence is distributed otherwise than before under policy"
            f" {version}: mean {_mean(after)} in the last {_RECENT.seconds // 60} minutes,"
            f" {_mean(before)} {against}.{doubt}"
        ),
        pairs=0,
        evidence=InputDriftEvidence(
            policy_version=version,
            requests=monitor.n,
            statistic=monitor.statistic,
            level=monitor.level,
            bins_before=tuple(before),
            bins_after=tuple(after),
            by_hour=inputs.by_hour,
        ),
    )


def _mean(bins: Sequence[int]) -> str:
    """Mean confidence of a histogram, as people read it."""
    total = sum(bins)
    if not total:
        return "unknown"
    middles = ((place + 0.5) / len(bins) * count for place, count in enumerate(bins))
    return f"{sum(middles) / total:.2f}"
