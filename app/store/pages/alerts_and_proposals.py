"""What the pages and the JSON API read: every SELECT of theirs, answered with frozen values.

Nothing here writes. Lists come newest first, a page at a time: ``before`` is the id of the last
line of the page before.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, func, select, text

from tierwatch.store.proposals import UNDECIDED
from tierwatch.store.schema import (
    ActivePolicyRow,
    AlertRow,
    AuditRow,
    OutcomeRow,
    PolicyRow,
    ProposalRow,
    RollupRow,
)

PAGE = 50
# What `judges` writes as a verdict's basis when the order of the answers decided.
SWAP_DISAGREEMENT = "swap_disagreement"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert with its evidence (`loop.watch.observe` says what the evidence of a kind holds)."""

    id: int
    kind: str
    cause: str
    tier: str
    segment: str
    state: str
    summary: str
    pairs: int
    opened_at_request: int
    evidence: dict[str, Any]
    attribution: dict[str, Any] | None
    attribution_until: dt.datetime | None
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    resolved_at: dt.datetime | None
    resolved_by: str | None
    delivered: list[Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal with its evidence, as `loop.improve.retune` or `loop.improve.refit` wrote it."""

    id: int
    kind: str
    artefact_id: int | None
    tier: str
    task_type: str
    from_threshold: float
    to_threshold: float
    direction: str
    certified: bool
    state: str
    base_version: int
    candidate_version: int | None
    alert_id: int | None
    pairs: int
    predicted: dict[str, Any]
    evidence: dict[str, Any]
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    decided_why: str | None
    ended_at: dt.datetime | None
    ended_why: str | None


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One version of the thresholds."""

    version: int
    thresholds: dict[str, float]
    by_task: dict[str, dict[str, float]]
    classifier: int
    promised: dict[str, float]
    promised_for: float | None
    author: str
    reason: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """Which policy serves everybody, and which one is being rolled out to a share."""

    stable_version: int
    candidate_version: int | None
    share: float
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and why."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TierTraffic:
    """All traffic a tier served, sampled or not."""

    tier: str
    requests: int
    errors: int
    escalated: int
    cost_usd: float
    cost_top_tier_usd: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class LossSums:
    """Weighted sums of the losses of a group of outcomes, enough for a rate and its interval.

    Attributes:
        tier: the boundary the outcomes are about.
        bucket: 0 for one group a tier, else which stretch of requests.
        first_request: lowest request number in the group.
        last_request: highest request number in the group.
        n: outcomes.
        weight: sum of the weights.
        weight_squares: sum of the squared weights.
        weighted_loss: sum of weight times loss.
    """

    tier: str
    bucket: int
    first_request: int
    last_request: int
    n: int
    weight: float
    weight_squares: float
    weighted_loss: float


@dataclass(frozen=True, slots=True)
class JudgeVersion:
    """The work of one judge version.

    ``swapped`` counts verdicts read in both orders, ``disagreed`` those of them where the order
    decided; ``by_basis`` says what the scored verdicts rest on.
    """

    judge_version: str
    verdicts: int
    scored: int
    swapped: int
    disagreed: int
    calls: int
    cost_usd: float
    latency_ms: float
    newest_at: dt.datetime
    by_basis: dict[str, int]
    unscored: dict[str, int]


def alerts(
    connection: Connection, *, unresolved: bool = False, before: int | None = None
) -> list[Alert]:
    """Alerts, newest first; with ``unresolved`` only the open and acknowledged ones."""
    query = select(*AlertRow.__table__.columns).order_by(AlertRow.id.desc()).limit(PAGE)
    if unresolved:
        query = query.where(AlertRow.state != "resolved")
    if before is not None:
        query = query.where(AlertRow.id < before)
    return [Alert(**row) for row in rows(connection, query)]


def alert(connection: Connection, alert_id: int) -> Alert | None:
    """One alert, or None."""
    query = select(*AlertRow.__table__.columns).where(AlertRow.id == alert_id)
    return next((Alert(**row) for row in rows(connection, query)), None)


def proposals(
    connection: Connection,
    *,
    undecided: bool = False,
    alert_id: int | None = None,
    before: int | None = None,
) -> list[Proposal]:
    """Proposals, newest first; ``undecided`` leaves open, approved and rolling ones."""
    query = select(*ProposalRow.__table__.columns).order_by(ProposalRow.id.desc()).limit(PAGE)
    if undecided:
        query = query.where(ProposalRow.state.in_(UNDECIDED))
    if alert_id is not None:
        query = query.where(ProposalRow.alert_id == alert_id)
    if before is not None:
        query = query.where(ProposalRow.id < before)
    return [Proposal(**row) for row in rows(connection, query)]


def proposal(connection: Connection, proposal_id: int) -> Proposal | None:
    """One proposal, or None."""
    query = select(*ProposalRow.__table__.columns).where(ProposalRow.id == proposal_id)
    return next((Proposal(**row) for row in rows(connection, query)), None)


def policies(connection: Connection, *, before: int | None = None) -> list[PolicyLine]:
    """Policy versions, newest first."""
    query = select(*PolicyRow.__table__.columns).order_by(PolicyRow.version.desc()).limit(PAGE)
    if before is not None:
        query = query.where(PolicyRow.version < before)
    return [PolicyLine(**row) for row in rows(connection, query)]


def policy(connection: Connection, version: int) -> PolicyLine | None:
    """One policy version, or None."""
    query = select(*PolicyRow.__table__.columns).where(PolicyRow.version == version)
    return next((PolicyLine(**row) for row in rows(connection, query)), None)


def in_force(connection: Connection) -> InForce | None:
    """What gateways run now; None before the first policy was stored."""
    query = select(
        ActivePolicyRow.stable_version,
        ActivePolicyRow.candidate_version,
        ActivePolicyRow.share,
        ActivePolicyRow.changed_at,
    )
    return next((InForce(**row) for row in rows(connection, query)), None)


def audit_lines(
    connection: Connection, *, before: int | None = None, subject: str | None = None
) -> list[AuditLine]:
    """The audit, newest first; with ``subject`` only what was done to it."""
    query = select(*AuditRow.__table__.columns).order_by(AuditRow.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [AuditLine(**row) for row in rows(connection, query)]


def tier_traffic(connection: Connection) -> list[TierTraffic]:
    """Counts and costs of all traffic, by tier; latency is the mean over requests."""
    requests = func.sum(RollupRow.requests)
    query = select(
        RollupRow.tier,
        requests.label("requests"),
        func.sum(RollupRow.errors).label("errors"),
        func.sum(RollupRow.escalated).label("escalated"),
        func.sum(RollupRow.cost_usd).label("cost_usd"),
        func.sum(RollupRow.cost_top_tier_usd).label("cost_top_tier_usd"),
        (func.sum(RollupRow.latency_ms) / func.greatest(requests, 1)).label("latency_ms"),
    ).group_by(RollupRow.tier)
    return [
        TierTraffic(
            **dict(row, **{name: int(row[name]) for name in ("requests", "errors", "escalated")})
        )
        for row in rows(connection, query)
    ]


def newest_judge_version(connection: Connection) -> str | None:
    """The judge version that spoke last; outcomes of others are another measurement."""
    query = select(OutcomeRow.judge_version).order_by(OutcomeRow.id.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def loss_sums(
    connection: Connection, *, direction: str, judge_version: str, buckets: int = 1
) -> list[LossSums]:
    """Sums of losses by boundary, and by stretches of requests of equal length.

    Args:
        connection: any.
        direction: ``up`` (loss is a misroute) or ``down`` (1 - loss is overspend).
        judge_version: whose verdicts to count.
        buckets: stretches to cut the requests seen into, 1 or more.
    """
    query = text(
        """
        with seen as (
            select boundary, request_no, weight, loss,
                   min(request_no) over () as first, max(request_no) over () as last
            from outcomes where direction = :direction and judge_version = :judge_version
        )
        select boundary as tier,
               least((request_no - first) * :buckets / (last - first + 1), :buckets - 1) as bucket,
               min(request_no) as first_request, max(request_no) as last_request, count(*) as n,
               sum(weight) as weight, sum(weight * weight) as weight_squares,
               sum(weight * loss) as weighted_loss
        from seen group by 1, 2 order by 1, 2
        """
    )
    wanted = {"direction": direction, "judge_version": judge_version, "buckets": buckets}
    return [LossSums(**row) for row in connection.execute(query, wanted).mappings()]


def judge_versions(connection: Connection) -> list[JudgeVersion]:
    """What each judge version did, newest first."""
    figures = text(
        """
        select judge_version, count(*) as verdicts, count(preferred) as scored,
               count(*) filter (
                   where orders->0->>'preferred' is not null
                     and orders->1->>'preferred' is not null) as swapped,
               count(*) filter (where basis = :disagreement) as disagreed,
               sum(calls)::bigint as calls, sum(cost_usd) as cost_usd,
               avg(latency_ms) as latency_ms, max(created_at) as newest_at
        from verdicts group by judge_version order by newest_at desc
        """
    )
    grounds = text(
        """
        select judge_version, preferred is not null as scored,
               case when preferred is null then unscored_why else basis end as why, count(*) as n
        from verdicts group by 1, 2, 3 order by n desc, why
        """
    )
    told: dict[tuple[str, bool], dict[str, int]] = {}
    for row in connection.execute(grounds):
        told.setdefault((row.judge_version, row.scored), {})[row.why] = row.n
    return [
        JudgeVersion(
            **row,
            by_basis=told.get((row["judge_version"], True), {}),
            unscored=told.get((row["judge_version"], False), {}),
        )
        for row in connection.execute(figures, {"disagreement": SWAP_DISAGREEMENT}).mappings()
    ]


def failure_counts(connection: Connection) -> dict[str, int]:
    """Exchanges that could not be shadowed or judged: ``step: reason`` -> count, most first."""
    query = text(
        "select step || ': ' || reason as why, count(*) as n from failures"
        " group by 1 order by n desc, why limit 50"
    )
    return {row.why: row.n for row in connection.execute(query)}


def open_counts(connection: Connection) -> dict[str, int]:
    """How much waits for a person: ``alerts`` not resolved, ``proposals`` not decided."""
    row = connection.execute(
        text(
            "select (select count(*) from alerts where state <> 'resolved') as alerts,"
            " (select count(*) from proposals where state = 'open') as proposals"
        )
    ).one()
    return {"alerts": row.alerts, "proposals": row.proposals}


def rows(connection: Connection, query: Executable) -> list[Mapping[str, Any]]:
    """Rows as mappings from column name to value, ready to fill a dataclass."""
    return [
        {str(key): value for key, value in row.items()}
        for row in connection.execute(query).mappings()
    ]
