"""The probes that an alert's tier fails, with what was asked and what was replied."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.dashboard.passages import beginning
from tierwatch.evalsets import probes
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.drift_evidence import ModelDriftEvidence
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.failing_probes import FailingProbe, failing_probes

# Probes are asked once a day: a round before the alert, and one after it.
_ROUND: Final = dt.timedelta(hours=24)
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ProbeLine:
    """A probe that fails now, as a line.

    ``asked`` and ``expected`` are empty where the set of that time is not the one of this version.
    """

    id: str
    asked: str
    expected: str
    at_first: str
    now: str


@dataclass(frozen=True, slots=True)
class ProbeFigures:
    """What a tier's probes show.

    Attributes:
        failing: how many fail now that were passed at first.
        passed_at_first: how many were passed at first, of those asked again.
        lines: the failing ones, at most 20.
    """

    failing: int
    passed_at_first: int
    lines: tuple[ProbeLine, ...]


def probe_figures(connection: Connection, alert: Alert, *, now: dt.datetime) -> ProbeFigures | None:
    """The failing probes of an alert that is about a model; None for another one.

    Where the alert is resolved they are those of its time.
    """
    found = alert.attribution
    of_model = isinstance(found, AttributionDocument) and found.cause == "model"
    if not (isinstance(alert.evidence, ModelDriftEvidence) or of_model):
        return None
    until = alert.resolved_at or max(now, alert.opened_at)
    asked = failing_probes(connection, alert.tier, since=alert.opened_at - _ROUND, until=until)
    if asked is None:
        return None
    lines = tuple(_line(probe) for probe in asked.failing[:_SHOWN])
    return ProbeFigures(len(asked.failing), asked.passed_at_first, lines)


def _line(probe: FailingProbe) -> ProbeLine:
    evalset = probes()
    # A share of the set has a version that begins with the whole one's.
    same = probe.set_version.partition(",")[0] == evalset.version
    known = {one.id: one for one in evalset.items} if same else {}
    item = known.get(probe.id)
    return ProbeLine(
        id=probe.id,
        asked="" if item is None else beginning(item.prompt),
        expected="" if item is None else beginning(item.answer),
        at_first=beginning(probe.at_first),
        now=beginning(probe.now),
    )
