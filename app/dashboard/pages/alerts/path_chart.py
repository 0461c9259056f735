"""The chart of an alarm: its monitor's evidence on the way to the level, with what changed."""

from collections.abc import Iterator, Sequence
from typing import Final

from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Series
from tierwatch.dashboard.figures import count, percent
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.changes import Change

_CHANGED: Final = {
    "policy": "policy {} became active",
    "model": "served by {}",
    "judge": "judge is {}",
    "types": "task types became active",
}


def path_chart(alert: Alert, changes: Sequence[Change], began_at: float) -> Chart | None:
    """The path of the monitor that opened an alert; None where the evidence has none.

    Args:
        alert: of any kind.
        changes: what changed about that time.
        began_at: when the change began, by estimate, in seconds since 1970.
    """
    evidence = alert.evidence
    if not isinstance(evidence, MisrouteEvidence):
        return None
    # Conversations that were judged late end at the same moment: the last says where it stood.
    path = {point.at: point for point in evidence.path}
    if len(path) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    tolerated = percent(evidence.tolerance)
    return Chart(
        title=f"Evidence that more than {tolerated} are misrouted",
        says="Up to the alarm, after each judged conversation, at the time of the newest request"
        " by then. The scale grows by factors of ten, so a straight rise is evidence that"
        " multiplies; of a tolerated rate it stays far below the dashed line.",
        x=tuple(path),
        series=(
            Series(
                "evidence",
                tuple(point.statistic for point in path.values()),
                notes=tuple(f"{count(one.conversations)} conversations" for one in path.values()),
                tone="two",
            ),
        ),
        unit="number",
        levels=(Level("alarm", evidence.level, "bad"),),
        marks=(Mark(began_at, "change began, by estimate", "warn"), *_marks(changes)),
        log=True,
    )


def _marks(changes: Sequence[Change]) -> Iterator[Mark]:
    for one in changes:
        href = "/policies" if one.what == "policy" else ""
        yield Mark(one.at.timestamp(), _CHANGED[one.what].format(one.name), href=href)
