"""How thresholds are looked for, and what every test of one asks first."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.fit.received import Receiving
from tierwatch.loop.decide.unreadable import say_unreadable
from tierwatch.loop.improve.objective import Objective
from tierwatch.store.alerts import Alert
from tierwatch.store.retunes import Retune


@dataclass(frozen=True, slots=True)
class RetuneRules:
    """How thresholds are looked for.

    Attributes:
        mode: ``propose`` waits for a person; ``auto`` approves certified proposals itself;
            ``off`` does nothing.
        alpha: misroute rate to hold, by tier; only these tiers are tuned.
        delta: chance of ever certifying a wrong threshold, over all retunes of a tier; and once
            more over all retunes of the thresholds that its task types have of their own.
        step: how far one proposal may move a threshold.
        min_pairs: new pairs a tier must have gathered since it was last tested.
        every_s: seconds between two tests of a tier, unless an alert was opened in between.
        correct_judge: certify against people's labels of the judge's verdicts, instead of taking
            the verdicts as they are.
        objective: tests all tiers together against it, each having no alpha of its own then.
        receiving: knows what tiers would make of requests; None where nobody asks.
    """

    mode: str
    alpha: Mapping[str, float]
    delta: float
    step: float
    min_pairs: int
    every_s: float
    correct_judge: bool = False
    objective: Objective | None = None
    receiving: Receiving | None = None


def is_due(last: Retune | None, alert: Alert | None, every_s: float) -> bool:
    """Whether it is time for a test: tests cost error budget, a new alert is worth one.

    Args:
        last: the newest test, if there was one.
        alert: that is open on what would be tested.
        every_s: seconds between two tests.
    """
    if last is None or (alert is not None and alert.opened_at > last.created_at):
        return True
    return last.created_at <= dt.datetime.now(dt.UTC) - dt.timedelta(seconds=every_s)


def regime_start(alert: Alert | None) -> int | None:
    """The outcome after which the regime of now began: with an alert open, where it became worse.

    What came before the change is another regime and would flatter.

    Returns:
        0 without an alert; None where this version cannot read the alert: then nothing is known of
        the regime, and nothing can be tested.
    """
    if alert is None:
        return 0
    if isinstance(alert.evidence, MisrouteEvidence):
        return alert.evidence.first_outcome - 1
    if isinstance(alert.evidence, Unreadable):
        say_unreadable(f"alert/{alert.id}", alert.evidence.reason)
    return None
