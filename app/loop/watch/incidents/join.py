"""Join: put a new alert into the incident that it belongs to, by `incident_rule`."""

import datetime as dt

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.incident_rule import WINDOW, Sign, why_together
from tierwatch.evaluation.evidence.drift_evidence import JudgeDriftEvidence, ModelDriftEvidence
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.evaluation.evidence.past_evidence import PastEvidence
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.incidents import alerts_since, put_incident
from tierwatch.store.pages.affected import moment_of

_OfJudge = JudgeDriftEvidence | JudgeOrdersEvidence | JudgeTrustEvidence


def join_incident(connection: Connection, alert: Alert) -> int:
    """Put an alert that was just opened into its incident; the id of the incident's first alert.

    Two alerts that open in the same instant, in two transactions, do not see each other and stay
    apart until a third one joins both.
    """
    began_at = change_began_at(alert)
    new = sign_of(alert, began_at)
    # Whatever is near opened or ended after this.
    earlier = alerts_since(connection, began_at - WINDOW, without=alert.id)
    heads = {other.head for other in earlier if why_together(new, sign_of(other, began_of(other)))}
    put_incident(connection, alert.id, began_at=began_at, of=heads)
    return min([*heads, alert.id])


def began_of(alert: Alert) -> dt.datetime:
    """When an alert's change began, as it was written down, or as its evidence has it."""
    return alert.began_at or change_began_at(alert)


def change_began_at(alert: Alert) -> dt.datetime:
    """When the change began, by estimate; when the alert was opened, where nothing says."""
    evidence = alert.evidence
    began = moment_of(evidence.first_pair) if isinstance(evidence, MisrouteEvidence) else None
    return alert.opened_at if began is None else min(began, alert.opened_at)


def sign_of(alert: Alert, began_at: dt.datetime) -> Sign:
    """What the rule of incidents reads of an alert."""
    evidence, model, judge, judged_by = alert.evidence, "", "", ""
    if isinstance(evidence, MisrouteEvidence):
        # tier|type|policy|model|judge
        model = "".join(evidence.stream.split("|", 4)[3:4])
        judged_by = evidence.judge_version
    elif isinstance(evidence, PastEvidence):
        model, judged_by = evidence.model, evidence.judge_version
        judge = "" if alert.tier else evidence.judge_version
    elif isinstance(evidence, ModelDriftEvidence):
        model = evidence.model
    elif isinstance(evidence, _OfJudge):
        judge = evidence.judge_version
    return Sign(
        alert.cause, alert.tier, model, judge, judged_by, began_at, alert.opened_at,
        alert.resolved_at,
    )  # fmt: skip
