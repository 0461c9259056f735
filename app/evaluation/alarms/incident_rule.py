"""The rule of incidents: whether two alerts are taken to speak of one cause. Pure.

Two alerts are of one incident where they share a subject and a time:

- the subject: the same tier, or the same model, or one is about the judge of the other's pairs;
- the time: from when each change is estimated to have begun to when its alert opened, with 24
  hours around it. Probes and anchors are asked once a day, so that they see a change up to a day
  after the traffic shows it, or before.

An alert that opens again within 24 hours of the end of the one before it is of that one's incident,
however long that had been open. What is not promised: that the cause is the same. A person reads
why they are shown together, and decides.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

WINDOW: Final = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Sign:
    """What the rule reads of an alert.

    Attributes:
        cause: of which one alert is open at a time.
        tier: it is about; empty for none.
        model: that serves the tier; empty where it is not known.
        judge: it is about; empty for an alert that is about no judge.
        judged_by: the judge of its pairs; empty for an alert without pairs.
        began_at: when the change began, by estimate.
        opened_at: when it was opened; not before ``began_at``.
        resolved_at: None while it goes on.
    """

    cause: str
    tier: str
    model: str
    judge: str
    judged_by: str
    began_at: dt.datetime
    opened_at: dt.datetime
    resolved_at: dt.datetime | None = None


def why_together(one: Sign, other: Sign) -> str:
    """Why two alerts are of one incident, in a few words; empty where they are not.

    The order of the two does not matter.

    >>> noon = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    >>> worse = Sign("misroute:simple", "simple", "small-1", "", "judge-1", noon, noon)
    >>> changed = Sign("model_drift:simple", "simple", "small-1", "", "", noon, noon)
    >>> why_together(worse, changed)
    'the same tier'
    """
    if one.cause == other.cause and _opened_again(one, other):
        return "the same, opened again"
    reasons = {
        "the same tier": one.tier != "" and one.tier == other.tier,
        "the same model": one.model != "" and one.model == other.model,
        "the same judge": one.judge != "" and one.judge == other.judge,
        "the judge of its pairs": (one.judge != "" and one.judge == other.judged_by)
        or (other.judge != "" and other.judge == one.judged_by),
    }
    near = _near(one, other)
    return next((words for words, holds in reasons.items() if near and holds), "")


def _near(one: Sign, other: Sign) -> bool:
    """Whether the two changes, from beginning to alarm, are within the window of each other."""
    return one.began_at <= other.opened_at + WINDOW and other.began_at <= one.opened_at + WINDOW


def _opened_again(one: Sign, other: Sign) -> bool:
    """Whether the later of two alerts opened within the window of the end of the earlier."""
    first, second = sorted((one, other), key=lambda sign: sign.opened_at)
    ended = first.resolved_at
    return ended is not None and second.opened_at - ended <= WINDOW
