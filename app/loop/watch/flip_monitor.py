"""Flips: is an evalset answered otherwise than at first more often than noise explains?

One e-Shiryaev-Roberts monitor a stream, as for misroutes, with a share of flips for a tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.kept_state import resumed
from tierwatch.store.judgements.monitors import load_monitor, put_monitor

# Chance of a false alarm: at most items seen / LEVEL, so 4 % for each full set of 400.
LEVEL = 1e4
# A model asked twice at temperature 0 does not always repeat itself; this share of flips is noise.
FLIPS_TOLERATED = 0.05


@dataclass(frozen=True, slots=True)
class Flips:
    """What a stream saw in one run. ``tripped`` is true once, when it starts to alarm."""

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
        estimate=None,
    )
    return Flips(sum(flips), len(flips), monitor.statistic, tripped)
