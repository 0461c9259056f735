"""Verdicts, the outcomes they reduce to, and the monitors the outcomes feed."""

import datetime as dt
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import Connection, case, delete, func, select, text, true
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.alarms.attribution import Cell
from tierwatch.evaluation.sampling.outcome import lower_verdict
from tierwatch.evaluation.sampling.sampling import CONFIDENCE_BINS, RiskCell
from tierwatch.evaluation.thresholds.counterfactual import BoundaryOutcomes
from tierwatch.evaluation.thresholds.joint import RoutedPairs
from tierwatch.store.learned import policies_of_other_models
from tierwatch.store.rollups import boundary_traffic
from tierwatch.store.schema import (
    AlternativeRow,
    ExchangeRow,
    MonitorRow,
    OutcomeRow,
    VerdictRow,
)


@dataclass(frozen=True, slots=True)
class BoundaryEvidence:
    """Outcomes about one boundary, in order of arrival; lists of equal length."""

    ids: list[int]
    confidences: list[float]
    losses: list[float]
    weights: list[float]


def add_verdict(connection: Connection, exchange_id: uuid.UUID, **columns: Any) -> bool:
    """Add the judge's word on a pair; False when this judge version had spoken already."""
    added = connection.execute(
        insert(VerdictRow)
        .values(exchange_id=exchange_id, **columns)
        .on_conflict_do_nothing()
        .returning(VerdictRow.exchange_id)
    ).one_or_none()
    return added is not None


def add_outcome(connection: Connection, **columns: Any) -> None:
    """Add what a verdict means for its boundary."""
    connection.execute(insert(OutcomeRow).values(**columns).on_conflict_do_nothing())


def take_unobserved(connection: Connection, *, idle_s: float, limit: int) -> Sequence[Any]:
    """Lock and return outcomes that no monitor has seen, of whole conversations that have ended.

    A conversation has ended when none of its exchanges is in evaluation and none was captured in
    the last ``idle_s`` seconds. One that never pauses (a service that sends its own name as the
    user) is cut after six times that. An exchange without a session of the caller's is a
    conversation of its own and waits for nothing.

    Args:
        connection: any.
        idle_s: silence after which a conversation counts as ended.
        limit: conversations to take, oldest first.

    Returns:
        Rows in order of arrival, all there are of each conversation.
    """
    return connection.execute(
        text(
            """
            with going_on as (
                select session from exchanges where ended_at is null
                union
                select session from exchanges where captured_at > now() - :idle
            ), ready as (
                select session, min(id) as first from outcomes
                where position is null
                group by session
                having bool_or(session = exchange_id::text)
                    or session not in (select * from going_on)
                    or min(created_at) < now() - 6 * :idle
                order by first limit :limit
            )
            select outcomes.* from outcomes join ready using (session)
            where position is null order by outcomes.id for update of outcomes
            """
        ),
        {"idle": dt.timedelta(seconds=idle_s), "limit": limit},
    ).all()


def set_positions(connection: Connection, observations: Sequence[Sequence[int]]) -> None:
    """Write down which outcomes the monitors saw together, and in which order.

    Args:
        connection: any.
        observations: ids of outcomes, those of one observation together.
    """
    newest = connection.execute(
        select(OutcomeRow.position, OutcomeRow.observation)
        .where(OutcomeRow.position.is_not(None))
        .order_by(OutcomeRow.position.desc())
        .limit(1)
    ).one_or_none() or (0, 0)
    ids = [outcome_id for together in observations for outcome_id in together]
    first = newest[0] or 0
    numbers = [
        number
        for number, together in enumerate(observations, (newest[1] or 0) + 1)
        for _ in together
    ]
    connection.execute(
        text(
            "update outcomes set position = given.position, observation = given.observation"
            " from unnest(cast(:ids as bigint[]), cast(:positions as bigint[]),"
            " cast(:observations as bigint[])) as given(id, position, observation)"
            " where outcomes.id = given.id"
        ),
        {
            "ids": ids,
            "positions": list(range(first + 1, first + 1 + len(ids))),
            "observations": numbers,
        },
    )


def try_lock(connection: Connection, key: int) -> bool:
    """Take a lock of the whole database until the transaction ends; False when another has it."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(key))).scalar())


def load_monitor(connection: Connection, stream: str) -> Any:
    """Return a stream's row, locked, or None."""
    return connection.execute(
        select(*MonitorRow.__table__.columns).where(MonitorRow.stream == stream).with_for_update()
    ).one_or_none()


def put_monitor(connection: Connection, **columns: Any) -> None:
    """Write a stream's state."""
    new = insert(MonitorRow).values(**columns, updated_at=func.now())
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[MonitorRow.stream],
            set_={
                name: new.excluded[name]
                for name in ("state", "pairs", "losses", "newest_request_no", "alarmed", "estimate")
            }
            | {"updated_at": func.now()},
        )
    )


def forget_monitors(
    connection: Connection, kind: str, *, tier: str | None = None, task_type: str | None = None
) -> None:
    """Start streams of a kind anew, as after an alert was resolved; of one segment if named."""
    gone = delete(MonitorRow).where(MonitorRow.kind == kind)
    if tier is not None:
        gone = gone.where(MonitorRow.tier == tier)
    if task_type is not None:
        gone = gone.where(MonitorRow.task_type == task_type)
    connection.execute(gone)


def streams_in_force(
    connection: Connection, tier: str, *, model: str, judge_version: str
) -> Sequence[Any]:
    """A tier's misroute streams of now: under a policy in force, of this model and judge."""
    return connection.execute(
        text(
            "select m.* from monitors m join active_policy a"
            " on m.policy_version in (a.stable_version, a.candidate_version)"
            " where m.kind = 'misroute' and m.tier = :tier and m.estimate is not null"
            " and m.judge_version = :judge and split_part(m.stream, '|', 4) in (:model, '')"
        ),
        {"tier": tier, "model": model, "judge": judge_version},
    ).all()


def stream_outcomes(connection: Connection, streams: Sequence[str]) -> Sequence[Any]:
    """Outcomes that streams have seen, in the order they saw them."""
    return connection.execute(
        select(
            OutcomeRow.id,
            OutcomeRow.exchange_id,
            OutcomeRow.request_no,
            OutcomeRow.task_type,
            OutcomeRow.loss,
            OutcomeRow.weight,
            OutcomeRow.confidence,
            OutcomeRow.basis,
            OutcomeRow.observation,
        )
        .where(
            OutcomeRow.stream.in_(streams),
            OutcomeRow.direction == "up",
            OutcomeRow.position.is_not(None),
        )
        .order_by(OutcomeRow.position)
    ).all()


def streams_pooled_in(connection: Connection, pooled: str) -> list[str]:
    """The streams of single task types whose outcomes a pooled stream has seen."""
    tier, _, rest = pooled.split("|", 2)
    found = connection.execute(
        text(
            "select distinct stream from outcomes where boundary = :tier and tier = :tier"
            " and starts_with(stream, :head) and right(stream, length(:tail)) = :tail"
        ),
        {"tier": tier, "head": f"{tier}|", "tail": f"|{rest}"},
    )
    return [row.stream for row in found]


def boundary_evidence(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    artefact_id: int = 0,
    after_outcome: int = 0,
    task_type: str | None = None,
    without: Collection[str] = (),
    limit: int = 100_000,
) -> BoundaryEvidence:
    """The newest outcomes about a boundary, from both directions.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: verdicts of other judges are another measurement and are left out.
        artefact_id: of the learned classifier that decides at the boundary, 0 for the configured
            one; confidences that another one gave are left out.
        after_outcome: outcomes up to this id belong to an older regime and are left out.
        task_type: only outcomes of requests that were given this type; None takes all.
        without: types to leave out.
        limit: how many of the newest to take.
    """
    of_type = true() if task_type is None else OutcomeRow.task_type == task_type
    newest = (
        select(OutcomeRow.id, OutcomeRow.confidence, OutcomeRow.loss, OutcomeRow.pi)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.id > after_outcome,
            OutcomeRow.policy_version.not_in(policies_of_other_models(boundary, artefact_id)),
            of_type,
            OutcomeRow.task_type.not_in(without),
        )
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
    )
    rows = connection.execute(newest).all()[::-1]
    return BoundaryEvidence(
        ids=[row.id for row in rows],
        confidences=[row.confidence for row in rows],
        losses=[row.loss for row in rows],
        weights=[1 / row.pi for row in rows],
    )


@dataclass(frozen=True, slots=True)
class RoutedEvidence:
    """Judged pairs of all boundaries with what routed them, in order of arrival."""

    ids: list[int]
    pairs: RoutedPairs


def routed_evidence(
    connection: Connection,
    tiers: Sequence[str],
    top: str,
    *,
    judge_version: str,
    classifier: int,
    after_outcome: int = 0,
    apart: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    limit: int = 20_000,
) -> RoutedEvidence:
    """The newest judged pairs of all boundaries, as all tiers together are tested on them.

    Of policies with the same tiers and the same thresholds of task types: what another ladder
    compared was another gain, and what another threshold served was other requests.

    Args:
        connection: any.
        tiers: every tier but the top one, cheapest first.
        top: the top tier.
        judge_version: verdicts of other judges are another measurement and are left out.
        classifier: version of the learned model; a tier's confidence depends on the models of all
            boundaries, so what was decided by another version is left out.
        after_outcome: outcomes up to this id belong to an older regime and are left out.
        apart: task type -> tier -> threshold of its own, of the policy in force. They stay as they
            are, which a confidence of 1 or 0 in place of the real one says.
        limit: how many of the newest to take. With so many a test holds the active policy's lock
            for a second or two.
    """
    rows = connection.execute(
        text(
            """
            select o.id, o.tier, o.boundary, o.direction, o.pi, o.task_type, o.policy_version,
                   v.preferred, e.label, p.thresholds,
                   array(select cast(e.confidences ->> name as double precision)
                         from unnest(cast(:tiers as text[])) with ordinality as t(name, place)
                         order by place) as confidences
            from outcomes o
            join verdicts v using (exchange_id, judge_version)
            join exchanges e on e.id = o.exchange_id
            join policies p on p.version = o.policy_version and p.classifier = :classifier
            where o.judge_version = :judge and o.id > :after
              and o.boundary = any(cast(:tiers as text[])) and o.tier = any(cast(:ladder as text[]))
              and e.label = any(cast(:ladder as text[]))
              and e.confidences ?& cast(:tiers as text[])
              and p.thresholds ?& cast(:tiers as text[])
              and p.thresholds - cast(:tiers as text[]) = '{}'
              and abs(array_position(cast(:ladder as text[]), o.tier)
                      - array_position(cast(:ladder as text[]), e.alternative_tier)) = 1
              and p.by_task = cast(:apart as jsonb)
            order by o.id desc limit :limit
            """
        ),
        {
            "tiers": list(tiers),
            "ladder": [*tiers, top],
            "judge": judge_version,
            "classifier": classifier,
            "after": after_outcome,
            "limit": limit,
            "apart": json.dumps({task: dict(own) for task, own in apart.items()}),
        },
    ).all()[::-1]
    place = {tier: number for number, tier in enumerate((*tiers, top))}
    versions = sorted({row.policy_version for row in rows})
    known = {row.policy_version: row.thresholds for row in rows}
    gains = {"worse": 1.0, "tie": 0.0, "better": -1.0}
    pairs = RoutedPairs(
        confidences=np.array(
            [_own_decided(row, tiers, apart) for row in rows], dtype=np.float64
        ).reshape(len(rows), len(tiers)),
        served=[place[row.tier] for row in rows],
        boundaries=[place[row.boundary] for row in rows],
        labels=[place[row.label] for row in rows],
        gains=[gains[lower_verdict(row.preferred, direction=row.direction)] for row in rows],
        weights=[1 / row.pi for row in rows],
        policies=[versions.index(row.policy_version) for row in rows],
        thresholds=np.array(
            [[known[version][tier] for tier in tiers] for version in versions], dtype=np.float64
        ).reshape(len(versions), len(tiers)),
    )
    return RoutedEvidence([row.id for row in rows], pairs)


def _own_decided(
    row: Any, tiers: Sequence[str], apart: Mapping[str, Mapping[str, float]]
) -> list[float]:
    own = apart.get(row.task_type, {})
    return [
        float(confidence >= own[tier]) if tier in own else confidence
        for tier, confidence in zip(tiers, row.confidences, strict=True)
    ]


def loss_cells(
    connection: Connection,
    tier: str,
    *,
    task_type: str,
    judge_version: str,
    first_outcome: int,
    artefact_id: int = 0,
    pairs: int = 20_000,
) -> tuple[dict[str, Cell], dict[str, Cell]]:
    """A tier's pairs before an outcome and from it on, by task type and tenth of confidence.

    Args:
        connection: any.
        tier: shadowed up.
        task_type: of the segment; ``*`` takes all of them.
        judge_version: verdicts of other judges are another measurement.
        first_outcome: where the second window begins.
        artefact_id: of the learned classifier that decides at the tier, 0 for the configured one;
            tenths of another one's confidence hold other prompts.
        pairs: of the first window, the newest.

    Returns:
        Both windows by cell; a conversation counts as one pair with its mean loss.
    """
    others = connection.execute(policies_of_other_models(tier, artefact_id)).scalars().all()
    rows = connection.execute(
        text(
            """
            with seen as (
                (select id, session, task_type, confidence, loss, pi from outcomes
                 where boundary = :tier and direction = 'up' and judge_version = :judge
                   and id < :first and (:task in ('*', task_type))
                   and policy_version <> all(cast(:others as bigint[]))
                 order by id desc limit :pairs)
                union all
                select id, session, task_type, confidence, loss, pi from outcomes
                where boundary = :tier and direction = 'up' and judge_version = :judge
                  and id >= :first and (:task in ('*', task_type))
                  and policy_version <> all(cast(:others as bigint[]))
            ), talks as (
                select id >= :first as later, task_type,
                       least(9, floor(confidence * 10)::int) as tenth,
                       sum(1 / pi) as w, sum(loss / pi) as wx
                from seen group by 1, 2, 3, session
            )
            select later, task_type, tenth, count(*) as n, sum(w) as w, sum(w * w) as ww,
                   sum(wx) as wx
            from talks group by 1, 2, 3 order by 1, 2, 3
            """
        ),
        {
            "tier": tier,
            "task": task_type,
            "judge": judge_version,
            "first": first_outcome,
            "others": list(others),
            "pairs": pairs,
        },
    )
    windows: tuple[dict[str, Cell], dict[str, Cell]] = ({}, {})
    for row in rows:
        key = f"{tier}/{row.task_type}/{row.tenth / 10:.1f}-{(row.tenth + 1) / 10:.1f}"
        windows[row.later][key] = Cell(row.n, row.w, row.ww, min(row.wx, row.w))
    return windows


def logged_outcomes(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    artefact_id: int = 0,
    task_type: str | None = None,
    limit: int = 100_000,
) -> BoundaryOutcomes:
    """The newest pairs about a boundary with both answers' costs, one of each conversation.

    Which pair of a conversation is taken depends on a hash of its id; it stands for all of them.
    With them comes all traffic that came to the boundary since the day of the oldest, as long as
    one classifier decided there ever since.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: whose verdicts to take.
        artefact_id: of the learned classifier that decides at the boundary, 0 for the configured
            one; pairs decided by another one are left out.
        task_type: only pairs of requests that were given this type; None takes all. All traffic is
            not counted by type.
        limit: pairs, the newest.
    """
    others = connection.execute(policies_of_other_models(boundary, artefact_id)).scalars().all()
    rows = connection.execute(
        text(
            """
            with newest as (
                select id, exchange_id, session, direction, confidence, loss, pi from outcomes
                where boundary = :boundary and judge_version = :judge
                  and coalesce(task_type = :task, true)
                  and policy_version <> all(cast(:others as bigint[]))
                order by id desc limit :limit
            ), drawn as (
                select *, count(*) over (partition by session) as pairs,
                       row_number() over (partition by session order by md5(exchange_id::text))
                         as place
                from newest
            )
            select d.confidence, d.loss, d.pi / d.pairs as inclusion, e.arrived_at,
                   case d.direction when 'up' then e.cost_usd else a.cost_usd end as lower,
                   case d.direction when 'up' then a.cost_usd else e.cost_usd end as upper
            from drawn d join exchanges e on e.id = d.exchange_id
            join alternatives a on a.exchange_id = d.exchange_id
            where d.place = 1 order by d.id
            """
        ),
        {
            "boundary": boundary,
            "judge": judge_version,
            "others": list(others),
            "task": task_type,
            "limit": limit,
        },
    ).all()
    # The counts of traffic do not say which classifier gave the confidences, nor the type.
    traffic, counts = (
        boundary_traffic(connection, boundary, since=rows[0].arrived_at)
        if rows and not others and task_type is None
        else ([], [])
    )
    return BoundaryOutcomes(
        confidences=[row.confidence for row in rows],
        losses=[row.loss for row in rows],
        inclusion=[row.inclusion for row in rows],
        lower_cost_usd=[row.lower for row in rows],
        upper_cost_usd=[row.upper for row in rows],
        traffic=traffic or None,
        traffic_counts=counts or None,
    )


def mean_costs(connection: Connection, boundary: str, *, limit: int = 5_000) -> tuple[float, float]:
    """Mean USD of an answer of the lower and of the upper tier, over the newest pairs.

    Returns:
        (lower, upper); zeros when there are no pairs.
    """
    lower = case(
        (OutcomeRow.direction == "up", ExchangeRow.cost_usd), else_=AlternativeRow.cost_usd
    )
    upper = case(
        (OutcomeRow.direction == "up", AlternativeRow.cost_usd), else_=ExchangeRow.cost_usd
    )
    newest = (
        select(lower.label("lower"), upper.label("upper"))
        .select_from(OutcomeRow)
        .join(ExchangeRow, ExchangeRow.id == OutcomeRow.exchange_id)
        .join(AlternativeRow, AlternativeRow.exchange_id == OutcomeRow.exchange_id)
        .where(OutcomeRow.boundary == boundary)
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
        .subquery()
    )
    row = connection.execute(select(func.avg(newest.c.lower), func.avg(newest.c.upper))).one()
    return float(row[0] or 0.0), float(row[1] or 0.0)


def risk_cells(connection: Connection, *, pairs: int = 20_000) -> list[RiskCell]:
    """The last day's traffic and the newest pairs of each tier, by bin of confidence.

    Both under policies of the stable policy's model: bins of another one hold other prompts.
    """
    rows = connection.execute(
        text(
            """
            with others as (
                select version from policies where classifier <> (
                    select p.classifier
                    from active_policy a join policies p on p.version = a.stable_version
                )
            ), traffic as (
                select tier, bin, sum(requests) as requests from rollups
                where minute > now() - interval '1 day'
                  and policy_version not in (select version from others) group by 1, 2
            ), newest as (
                -- The decision's confidence, as the gateway draws by it and counts it.
                select o.tier, e.confidence, o.pi, o.loss
                from outcomes o join exchanges e on e.id = o.exchange_id
                where o.direction = 'up'
                  and o.policy_version not in (select version from others)
                order by o.id desc limit :pairs
            ), risk as (
                select tier, least(:bins - 1, floor(confidence * :bins)::int) as bin,
                       sum(1 / pi) as weight, sum(loss / pi) as weighted_loss
                from newest group by 1, 2
            )
            select tier, bin, traffic.requests::bigint as requests,
                   coalesce(risk.weight, 0) as weight,
                   coalesce(risk.weighted_loss, 0) as weighted_loss
            from traffic left join risk using (tier, bin) order by 1, 2
            """
        ),
        {"pairs": pairs, "bins": CONFIDENCE_BINS},
    )
    return [
        RiskCell(row.tier, row.bin, row.requests, row.weight, row.weighted_loss) for row in rows
    ]


def replay_outcomes(connection: Connection) -> Sequence[Any]:
    """Every observed outcome in the order the monitors saw them."""
    return connection.execute(
        select(*OutcomeRow.__table__.columns)
        .where(OutcomeRow.position.is_not(None))
        .order_by(OutcomeRow.position)
    ).all()
