"""Resolve: close alerts whose evidence says that they are over; leave the others to a person.

| kind | over when |
|---|---|
| misroute | pairs judged since show, by `RecoveryMonitor`, that the rate fell below the tolerance |
| budget | its day is over |
| input_drift | its policy is no longer active: the next one is watched from its own beginning |
| judge_drift, judge_orders | its judge is no longer asked |
| not_trusted | its judge is no longer asked, or is right on enough anchors again |
| model_drift | its tier has another model |
| past | its judge is no longer asked, its tier has another model, or it has turned (`past`) |
| no_data | data has come again (`silence`) |

Nothing shows that a capture alert is over: what was lost stays lost, and the estimates of that time
stay biased. Neither is a second opinion (relative) of an older version, which had no proven rate,
nor a judge or model that answers as before for once: accepting it is a decision.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.alarms.recovery_monitor import RecoveryMonitor
from tierwatch.evaluation.evidence.drift_evidence import (
    InputDriftEvidence,
    JudgeDriftEvidence,
    ModelDriftEvidence,
)
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.evaluation.evidence.past_evidence import PastEvidence
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.sampling.outcome import MOST_TOGETHER, pieces
from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.kept_state import resumed_of_pairs
from tierwatch.loop.watch.observe import OBSERVER_LOCK
from tierwatch.loop.watch.streams import loss_and_weight, weights_fit
from tierwatch.store.alerts import Alert, unresolved_alerts
from tierwatch.store.judgements.monitors import (
    forget_recoveries,
    load_monitor,
    put_monitor,
    trust_of,
)
from tierwatch.store.judgements.outcomes import newest_position, outcomes_after
from tierwatch.store.judgements.own_rules import EVERY_TYPE
from tierwatch.store.locks import try_lock
from tierwatch.store.policies import active_versions

Resolution = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Present:
    """What is asked and served now, for alerts that speak of something else.

    Attributes:
        judge_version: of the judge.
        models: by tier.
        max_weight: declared cap on weights, from the sampling plan.
    """

    judge_version: str
    models: Mapping[str, str]
    max_weight: float


def resolve_over(*, engine: Engine, present: Present, now: dt.datetime) -> int:
    """Resolve every alert that is over, each with the reason and its figures; how many."""
    resolved = 0
    with engine.begin() as connection:
        # Resolving deletes monitors that the observer locks, and the observer opens alerts: under
        # one lock neither waits for the other with a row in its hands.
        if not try_lock(connection, OBSERVER_LOCK):
            return 0
        for alert in unresolved_alerts(connection):
            over = _over(connection, alert, present, now)
            if over is not None:
                resolve_alert(connection, alert.id, actor="tierwatch", resolution=over)
                resolved += 1
        forget_recoveries(connection)
    return resolved


_OfJudgeOrModel = (
    JudgeDriftEvidence
    | JudgeOrdersEvidence
    | JudgeTrustEvidence
    | ModelDriftEvidence
    | PastEvidence
)


def _over(
    connection: Connection, alert: Alert, present: Present, now: dt.datetime
) -> Resolution | None:
    evidence = alert.evidence
    if isinstance(evidence, MisrouteEvidence):
        return _recovered(connection, alert, evidence, present)
    if isinstance(evidence, _OfJudgeOrModel):
        return _replaced(connection, alert, evidence, present)
    if alert.kind == "budget":
        day = alert.cause.partition(":")[2]
        if day < f"{now.astimezone(dt.UTC):%Y-%m-%d}":
            return {"why": f"{day} is over; exchanges are sampled again."}
    if isinstance(evidence, InputDriftEvidence):
        active = active_versions(connection)
        if active and evidence.policy_version not in active:
            return {
                "why": f"Policy {evidence.policy_version} is no longer active; the traffic under"
                " the next one is watched from its own beginning."
            }
    return None


def _replaced(
    connection: Connection,
    alert: Alert,
    evidence: _OfJudgeOrModel,
    present: Present,
) -> Resolution | None:
    """Its judge is no longer asked, its tier has another model, or its judge is trusted again."""
    asked = evidence.judge_version if not isinstance(evidence, ModelDriftEvidence) else None
    if asked is not None and asked != present.judge_version:
        return {"why": f"Judge {asked} is no longer asked."}
    if isinstance(evidence, ModelDriftEvidence | PastEvidence):
        model = present.models.get(alert.tier)
        if model is not None and model != evidence.model:
            return {"why": f"Tier {alert.tier} has another model, {model}."}
    if not isinstance(evidence, JudgeTrustEvidence):
        return None
    kept = trust_of(connection, evidence.judge_version)
    if kept is None or kept.alarmed:
        return None
    return {
        "why": f"Judge {evidence.judge_version} is right on {kept.pairs - kept.losses:.0f} of"
        f" {kept.pairs} anchors again.",
        "anchors": kept.pairs,
        "right": kept.pairs - kept.losses,
    }


def _recovered(
    connection: Connection, alert: Alert, evidence: MisrouteEvidence, present: Present
) -> Resolution | None:
    """Feed the pairs judged since to the alert's recovery monitor.

    They count whatever policy or model served them, for the bound asks nothing of that; the judge
    must be the one that raised the alert, or a lenient one would resolve it.
    """
    stream = f"recovery|{alert.id}"
    kept = load_monitor(connection, stream)
    monitor = resumed_of_pairs(RecoveryMonitor, kept)
    new = RecoveryMonitor(evidence.tolerance, max_weight=present.max_weight, together=MOST_TOGETHER)
    if monitor is None or monitor.promise != new.promise:
        monitor, kept = new, None
    newest = newest_position(connection)
    after = newest if kept is None else kept.newest_request_no
    pairs, losses = (0, 0.0) if kept is None else (kept.pairs, kept.losses)
    task_type = None if alert.task_type == EVERY_TYPE else alert.task_type
    found = outcomes_after(
        connection,
        after,
        tier=alert.tier,
        task_type=task_type,
        judge_version=evidence.judge_version,
    )
    over = False
    pairs_of = [row.in_tier if task_type is None else row.in_segment for row in found]
    for _, group in groupby(pairs_of, key=lambda row: row.observation):
        together = list(group)
        for piece in pieces([row.weight for row in together]):
            rows = together[piece]
            if weights_fit(rows, monitor.max_weight):
                over = monitor.update(*loss_and_weight(rows))
                pairs += len(rows)
                losses += sum(row.loss for row in rows)
    put_monitor(
        connection,
        kind="recovery",
        stream=stream,
        tier=alert.tier,
        task_type=alert.task_type,
        policy_version=0,
        judge_version=evidence.judge_version,
        state=monitor.state(),
        pairs=pairs,
        losses=losses,
        newest_request_no=newest,
        alarmed=False,
        estimate=None,
    )
    if not over:
        return None
    return {
        "why": f"Of {pairs} pairs judged since, {losses:g} were misroutes"
        f" ({percent(losses / pairs)}): the rate has fallen below the tolerated"
        f" {percent(evidence.tolerance)}.",
        "pairs": pairs,
        "misroutes": losses,
        "tolerance": evidence.tolerance,
        "statistic": monitor.statistic,
        "level": monitor.level,
    }
