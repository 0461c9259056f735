"""Past: hold every pair against what pairs like it were like, and say whose change the signs are.

All boundaries feed one monitor, whatever direction a pair was judged in, for both say how the lower
tier's answer compares. Which pairs are alike is `_stratum`'s to say. An alarm opens one alert, for
the likeliest change; the monitor then starts anew, so that a further change is seen as well.
"""

import bisect
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.past_monitor import Finding, Heard, PastMonitor
from tierwatch.evaluation.alarms.sign_patterns import ChangeKind
from tierwatch.evaluation.evidence.past_evidence import BoundaryShift, PastEvidence, Reading
from tierwatch.evaluation.rates.percent import percent
from tierwatch.loop.decide.end import withdraw_loosening
from tierwatch.loop.watch.alert import open_alert, resolve_alert
from tierwatch.loop.watch.kept_state import resumed
from tierwatch.routing.policy import Policy
from tierwatch.routing.served.tier_model import served_variants
from tierwatch.store.alerts import NewAlert, unresolved_alert
from tierwatch.store.judgements.monitors import load_monitor, put_monitor
from tierwatch.store.judgements.outcomes import Outcome
from tierwatch.store.policies import load_policy
from tierwatch.store.traffic.exchanges import confidences_of

KIND: Final = "past"
# Pairs in one band are about as hard and sampled alike, on whichever side of a threshold they are:
# a boundary's own threshold may move without making another population.
_BANDS: Final = (0.7,)
_SAID: Final[Mapping[ChangeKind, str]] = {
    "tier_worse": "tier {tier} answers worse than it used to",
    "tier_better": "tier {tier} answers better than it used to",
    "judge_stricter": "the judge has become stricter, or all traffic harder",
    "judge_milder": "the judge has become milder, or all traffic easier",
    "boundary": "other traffic reaches tier {tier}, or its classifier has changed",
}


@dataclass(frozen=True, slots=True)
class PastRules:
    """What the alarm against the past watches and promises.

    Attributes:
        models: by tier, cheapest tier first; empty watches nothing.
        level: evidence at which to alarm.
    """

    models: Mapping[str, str]
    level: float


def watch_past(connection: Connection, batch: Sequence[Outcome], rules: PastRules) -> None:
    """Feed a batch of outcomes that the monitors take to the alarm against the past.

    Args:
        connection: in the transaction that marks them as taken.
        batch: whole conversations, in order of arrival.
        rules: what is watched.
    """
    if not rules.models:
        return
    kept = load_monitor(connection, KIND)
    monitor = resumed(PastMonitor, kept)
    tiers = tuple(rules.models)
    if monitor is None or (monitor.tiers, monitor.level) != (tiers, rules.level):
        monitor, kept = PastMonitor(tiers, rules.level), None
    policies: dict[int, Policy | None] = {}
    pairs, losses, newest = (
        (0, 0.0, 0) if kept is None else (kept.pairs, kept.losses, kept.newest_request_no)
    )
    fed = False
    sure = confidences_of(connection, [row.exchange_id for row in batch])
    for rows in _conversations(batch):
        for row in rows:
            if row.policy_version not in policies:
                policies[row.policy_version] = load_policy(connection, row.policy_version)
        told = heard_of(rows, rules.models, policies, sure)
        if not told:
            continue
        fed = True
        newest = max(newest, *(row.request_no for row in rows))
        pairs += sum(one.pairs for one in told)
        losses += sum(one.bad for one in told)
        found = monitor.update(*told)
        if found is not None:
            evidence = _evidence(found, monitor, rules, rows[0].judge_version)
            _open(connection, evidence, pairs=pairs, newest=newest)
            monitor, pairs, losses = PastMonitor(tiers, rules.level), 0, 0.0
    if not fed:
        return
    put_monitor(
        connection,
        kind=KIND,
        stream=KIND,
        tier="",
        task_type="all",
        policy_version=0,
        judge_version=batch[-1].judge_version,
        state=monitor.state(),
        pairs=pairs,
        losses=losses,
        newest_request_no=newest,
        alarmed=False,
        estimate=None,
    )


def _conversations(batch: Sequence[Outcome]) -> list[list[Outcome]]:
    by_session: dict[str, list[Outcome]] = {}
    for row in batch:
        by_session.setdefault(row.session, []).append(row)
    return list(by_session.values())


def heard_of(
    rows: Sequence[Outcome],
    models: Mapping[str, str],
    policies: Mapping[int, Policy | None],
    sure: Mapping[uuid.UUID, Mapping[str, float]],
) -> tuple[Heard, ...]:
    """What a conversation says, by stratum.

    Args:
        rows: its outcomes.
        models: of the file by tier, cheapest first; a policy may have tiers served by others.
        policies: by version.
        sure: the classifier's confidences of exchanges, by tier, where they are known.

    Returns:
        Empty where all pairs are of tiers or policies that are not there, or of the cache.
    """
    tiers = list(models)
    by_stratum: dict[tuple[str, int], list[Outcome]] = {}
    for row in rows:
        policy = policies.get(row.policy_version)
        if policy is None or row.tier not in models:
            continue
        boundary = tiers.index(row.tier) - (row.direction == "down")
        if not 0 <= boundary < len(tiers) - 1:
            continue
        served = served_variants(models, policy.models)
        passed = _passed(row, tiers[:boundary], policy, sure.get(row.exchange_id, {}))
        stratum = _stratum(row, boundary, served, policy, passed)
        by_stratum.setdefault((stratum, boundary), []).append(row)
    return tuple(
        Heard(stratum, boundary, sum(row.loss for row in mine), len(mine))
        for (stratum, boundary), mine in by_stratum.items()
    )


def _passed(
    row: Outcome, below: Sequence[str], policy: Policy, sure: Mapping[str, float]
) -> list[str]:
    """What a request has passed on its way up to a boundary, a word for each tier below it.

    Nothing where the classifier gave that tier no chance at all, as one does whose label is a
    higher tier: no threshold could have kept the request there, so none says which requests come.
    Else the threshold, and whether the request would have been kept (the tier was drained).
    """
    words = []
    for tier in below:
        confidence = sure.get(tier)
        if confidence == 0.0 or tier not in policy.thresholds:
            words.append("")
            continue
        threshold = policy.threshold(tier, row.task_type)
        drained = confidence is not None and confidence >= threshold
        words.append(f"{threshold:g}{'d' * drained}")
    return words


def _stratum(
    row: Outcome, boundary: int, models: Mapping[str, str], policy: Policy, passed: Sequence[str]
) -> str:
    """Names pairs that are comparable over time.

    Both models, the judge, the classifier and what a request has passed before it reaches this
    boundary make another population; task type and band of confidence are kinds whose share may
    drift.
    """
    tiers = list(models)
    lower, upper = tiers[boundary], tiers[boundary + 1]
    return "|".join(
        (
            f"{lower}<{upper}",
            models[lower],
            models[upper],
            row.task_type,
            row.judge_version,
            f"c{policy.classifier}",
            ",".join(passed),
            str(bisect.bisect(_BANDS, row.confidence)),
        )
    )


def _open(connection: Connection, evidence: PastEvidence, *, pairs: int, newest: int) -> None:
    """Open the alert of the likeliest change; the one of its opposite is over."""
    first = evidence.readings[0]
    opposite = {"tier_better": "tier_worse", "tier_worse": "tier_better"}.get(first.change)
    turned = opposite and _cause(opposite, first.tier)
    undone = unresolved_alert(connection, turned) if turned else None
    if undone is not None:
        # What had changed is as before, or the other way by now: one alert a cause.
        resolve_alert(
            connection,
            undone.id,
            actor="tierwatch",
            resolution={
                "why": f"It has turned: {_words(first)}.",
                "statistic": evidence.statistic,
            },
        )
        if first.change == "tier_better":
            return
    alert_id = open_alert(
        connection,
        NewAlert(
            cause=_cause(first.change, first.tier),
            tier=first.tier,
            segment=f"{first.tier}/*" if first.tier else "judge",
            summary=summary(evidence),
            pairs=pairs,
            evidence=evidence,
        ),
        opened_at_request=newest,
    )
    if alert_id is not None and first.change == "tier_worse":
        why = f"alert {alert_id} was opened on this tier after its evidence"
        withdraw_loosening(connection, first.tier, why=why)


def _cause(change: str, tier: str) -> str:
    return f"{KIND}:{change}:{tier}"


def _evidence(
    found: Finding, monitor: PastMonitor, rules: PastRules, judge_version: str
) -> PastEvidence:
    tiers = monitor.tiers
    readings = tuple(
        Reading(change, tier, pattern.name, share)
        for pattern, share in found.patterns
        for change, tier in pattern.readings
    )
    return PastEvidence(
        readings=readings,
        shifts=tuple(
            BoundaryShift(
                tiers[shift.boundary],
                tiers[shift.boundary + 1],
                shift.pairs,
                shift.before,
                shift.after,
            )
            for shift in found.shifts
        ),
        statistic=found.statistic,
        level=monitor.level,
        conversations=found.n,
        since=found.since,
        judge_version=judge_version,
        model=rules.models.get(readings[0].tier, ""),
    )


def summary(evidence: PastEvidence) -> str:
    """What the person on call reads: the likeliest change, by what it was seen, what else."""
    first, *others = evidence.readings
    seen = "; ".join(
        f"{shift.lower} against {shift.upper} {percent(shift.after)} of {shift.pairs} pairs,"
        f" {percent(shift.before)} before"
        for shift in evidence.shifts
    )
    said = f"Verdicts have left their own past; likeliest: {_words(first)}."
    said += f" Materially worse were {seen}."
    if others:
        said += f" Else: {'; '.join(_words(other) for other in others)}."
    return f"{said} This compares with the past and says nothing about the tolerance."


def _words(reading: Reading) -> str:
    return _SAID[reading.change].format(tier=reading.tier)
