"""Every kind of alert and the class of its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from tierwatch.evaluation.evidence.document import Document, Unreadable, read_or_unreadable
from tierwatch.evaluation.evidence.drift_evidence import (
    CaptureEvidence,
    InputDriftEvidence,
    JudgeDriftEvidence,
    ModelDriftEvidence,
)
from tierwatch.evaluation.evidence.fleet_evidence import FleetEvidence
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence, RelativeEvidence
from tierwatch.evaluation.evidence.past_evidence import PastEvidence


@dataclass(frozen=True, slots=True)
class BudgetEvidence(Document):
    """The day's evaluation budget is spent.

    Attributes:
        spent_usd: today.
        budget_usd: for a day.
    """

    title: ClassVar[str] = "evidence of a budget alert"
    kind: ClassVar[str] = "budget"

    spent_usd: float
    budget_usd: float


@dataclass(frozen=True, slots=True)
class NoDataEvidence(Document):
    """Data has stopped to come.

    Attributes:
        what: ``traffic``, ``verdicts``, ``step`` and its name, or ``months``.
        last_at: when it came last, in ISO 8601; None for never.
        silent_s: seconds since then.
        expected: what was to be expected: minutes with traffic in the same stretch of other days,
            exchanges that came to nothing, runs, or days for which rows can still be stored.
    """

    title: ClassVar[str] = "evidence of a no_data alert"
    kind: ClassVar[str] = "no_data"

    what: str
    last_at: str | None
    silent_s: float
    expected: int


AlertEvidence: TypeAlias = (
    MisrouteEvidence
    | RelativeEvidence
    | PastEvidence
    | InputDriftEvidence
    | JudgeDriftEvidence
    | JudgeTrustEvidence
    | JudgeOrdersEvidence
    | ModelDriftEvidence
    | CaptureEvidence
    | BudgetEvidence
    | NoDataEvidence
    | FleetEvidence
)

_CLASSES: Final[tuple[type[AlertEvidence], ...]] = (
    MisrouteEvidence,
    RelativeEvidence,
    PastEvidence,
    InputDriftEvidence,
    JudgeDriftEvidence,
    JudgeTrustEvidence,
    JudgeOrdersEvidence,
    ModelDriftEvidence,
    CaptureEvidence,
    BudgetEvidence,
    NoDataEvidence,
    FleetEvidence,
)
ALERT_KINDS: Final[Mapping[str, type[AlertEvidence]]] = {of.kind: of for of in _CLASSES}


def read_alert_evidence(kind: str, document: object) -> AlertEvidence | Unreadable:
    """The evidence of a stored alert.

    Args:
        kind: of the alert.
        document: its evidence, from ``json.loads``.

    >>> read_alert_evidence("budget", {"spent_usd": 3, "budget_usd": 2.5})
    BudgetEvidence(spent_usd=3.0, budget_usd=2.5)
    >>> read_alert_evidence("budget", {"version": 2}).reason
    'evidence of a budget alert: found version 2; this release reads version 1'
    """
    of = ALERT_KINDS.get(kind)
    if of is None:
        known = ", ".join(ALERT_KINDS)
        return Unreadable(document, f"alerts of kind {kind!r}: not known; known are {known}")
    return read_or_unreadable(of.from_json, document)
