"""Flips: is an evalset answered otherwise than at first more often than noise explains?

One e-Shiryaev-Roberts monitor a stream, as for misroutes, with a share of flips for a tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.kept_state import resumed
from tierwatch.store.judgements.monitors import Monitor, load_monitor, put_monitor

# Chance of a false alarm: at most items seen / LEVEL. A judge's 408 anchors and three tiers' 136
# probes, once a day, are 24,480 items in 30 days: .8 %, which leaves room for what six alerts ask
# in a month below 1 %. At 1e4, as before, it was 12 % each day an alert asked as well.
LEVEL = 3e6
# A model asked twice at temperature 0 does not always repeat itself; this share of flips is noise.
FLIPS_TOLERATED = 0.05


# Items kept to be counted when an alarm says how many of them had flipped.
_RECENT = 1_000


@dataclass(frozen=True, slots=True)
class Flips:
    """What a stream saw.

    ``tripped`` is true once, when it starts to alarm. Then ``flipped`` of ``n`` items are those
    since the change that the monitor estimates, whatever slices they came in; else they are those
    that were given.
    """

    flipped: int
    n: int
    statistic: float
    tripped: bool


def watch_flips(
    connection: Connection,
    flips: Sequence[bool],
    *,
    kind: str,
    stream: str,
    tier: str = "",
    judge_version: str = "",
) -> Flips:
    """Feed one run's items to a stream's monitor, one update an item, in their order."""
    kept = load_monitor(connection, stream)
    monitor = resumed(MisrouteMonitor, kept) or MisrouteMonitor(FLIPS_TOLERATED, LEVEL)
    crossed = [monitor.update(float(flip)) for flip in flips]
    alarmed = kept is not None and kept.alarmed
    tripped = any(crossed) and not alarmed
    recent = _recent(kept) + "".join("01"[flip] for flip in flips)
    since = recent[-(monitor.n - monitor.since) :] if monitor.n else ""
    put_monitor(
        connection,
        kind=kind,
        stream=stream,
        tier=tier,
        task_type="all",
        policy_version=0,
        judge_version=judge_version,
        state=monitor.state(),
        pairs=monitor.n,
        losses=sum(flips) + (0.0 if kept is None else kept.losses),
        newest_request_no=0,
        alarmed=alarmed or tripped,
        estimate={"recent": recent[-_RECENT:]},
    )
    counted = (since.count("1"), len(since)) if tripped else (sum(flips), len(flips))
    return Flips(*counted, monitor.statistic, tripped)


def _recent(kept: Monitor | None) -> str:
    """The newest items as digits, 1 for a flip; as far as they were kept."""
    found = (kept.estimate or {}).get("recent") if kept is not None else None
    return found if isinstance(found, str) else ""
