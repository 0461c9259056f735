"""Outcomes about boundaries, as thresholds are chosen and tested on them."""

import json
import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from sqlalchemy import Connection, select, text, true

from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.sampling.outcome import Preferred, lower_verdict
from tierwatch.store.judgements.declared_weights import Drawn, declared_caps
from tierwatch.store.learned.artefacts import policies_of_other_models
from tierwatch.store.policies import policies_served_by_others
from tierwatch.store.schema.judgements import OutcomeRow


@dataclass(frozen=True, slots=True)
class BoundaryEvidence:
    """Outcomes about one boundary, in order of arrival; lists of equal length.

    ``caps`` is the largest weight that one of them may have had, drawn or not, for each confidence
    in cents.
    """

    ids: list[int]
    confidences: list[float]
    losses: list[float]
    weights: list[float]
    caps: list[float]


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

    Only those under policies that name the model which the active one names for the lower tier:
    another one's answers say nothing of it. That the file itself names another is not known here.

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
        select(
            OutcomeRow.id,
            OutcomeRow.exchange_id,
            OutcomeRow.confidence,
            OutcomeRow.loss,
            OutcomeRow.pi,
            OutcomeRow.weight,
        )
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.id > after_outcome,
            OutcomeRow.policy_version.not_in(policies_of_other_models(boundary, artefact_id)),
            OutcomeRow.policy_version.not_in(policies_served_by_others(boundary)),
            of_type,
            OutcomeRow.task_type.not_in(without),
        )
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
    )
    rows = connection.execute(newest).all()[::-1]
    drawn = [Drawn(row.confidence, row.pi, row.weight) for row in rows]
    first = rows[0].exchange_id if rows else None
    return BoundaryEvidence(
        ids=[row.id for row in rows],
        confidences=[row.confidence for row in rows],
        losses=[row.loss for row in rows],
        weights=[1 / row.pi for row in rows],
        caps=declared_caps(connection, boundary, first=first, drawn=drawn),
    )


@dataclass(frozen=True, slots=True)
class RoutedEvidence:
    """Judged pairs of all boundaries with what routed them, in order of arrival.

    ``max_weight`` is the largest weight that one of them may have had, drawn or not; None without
    pairs.
    """

    ids: list[int]
    pairs: RoutedPairs
    max_weight: float | None = None


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

    Of policies with the same tiers, the same models and the same thresholds of task types, under
    which no tier was drained: what another ladder compared was another gain, and what another
    threshold served was other requests.

    Args:
        connection: any.
        tiers: every tier but the top one, cheapest first.
        top: the top tier.
        judge_version: verdicts of other judges are another measurement and are left out.
        classifier: version of the learned model; a tier's confidence depends on the models of all
            boundaries, so what was decided by another version is left out.
        after_outcome: outcomes up to this id belong to an older regime and are left out.
        apart: task type -> tier -> threshold of its own, of the active policy. They stay as they
            are, which a confidence of 1 or 0 in place of the real one says.
        limit: how many of the newest to take. With so many a test holds the active policy's lock
            for a second or two.
    """
    found = connection.execute(
        _ROUTED,
        {
            "tiers": list(tiers),
            "ladder": [*tiers, top],
            "top": top,
            "judge": judge_version,
            "classifier": classifier,
            "after": after_outcome,
            "limit": limit,
            "apart": json.dumps({task: dict(own) for task, own in apart.items()}),
        },
    )
    pairs = [_RoutedPair(*row) for row in found][::-1]
    drawn = [Drawn(0.0, pair.pi, pair.weight) for pair in pairs]
    first = pairs[0].exchange_id if pairs else None
    caps = [declared_caps(connection, tier, first=first, drawn=drawn) for tier in tiers]
    return RoutedEvidence(
        [pair.id for pair in pairs],
        _as_columns(pairs, tiers, top, apart),
        max(map(max, caps)) if pairs else None,
    )


@dataclass(frozen=True, slots=True)
class _RoutedPair:
    """A judged pair with what routed it; ``confidences`` are of every tier but the top one.

    ``direct`` is the verdict on its twin, None where there is none.
    """

    id: int
    exchange_id: uuid.UUID
    tier: str
    boundary: str
    direction: str
    pi: float
    weight: float
    task_type: str
    policy_version: int
    preferred: Preferred
    label: str
    thresholds: dict[str, float]
    direct: Preferred | None
    direct_pi: float | None
    confidences: list[float]


_ROUTED = text(
    """
    select o.id, o.exchange_id, o.tier, o.boundary, o.direction, o.pi, o.weight, o.task_type,
           o.policy_version,
           v.preferred, e.label, p.thresholds, t.preferred as direct, d.pi as direct_pi,
           array(select cast(e.confidences ->> name as double precision)
                 from unnest(cast(:tiers as text[])) with ordinality as t(name, place)
                 order by place) as confidences
    from outcomes o
    join verdicts v using (exchange_id, judge_version)
    join exchanges e on e.id = o.exchange_id
    join policies p on p.version = o.policy_version and p.classifier = :classifier
    left join direct_pairs d on d.exchange_id = o.exchange_id and d.tier = :top
      and o.direction = 'up'
      and array_position(cast(:ladder as text[]), o.tier) < cardinality(cast(:tiers as text[]))
    left join verdicts t on t.exchange_id = d.twin_id and t.judge_version = o.judge_version
    where o.judge_version = :judge and o.id > :after
      and o.boundary = any(cast(:tiers as text[])) and o.tier = any(cast(:ladder as text[]))
      and e.label = any(cast(:ladder as text[]))
      and e.confidences ?& cast(:tiers as text[])
      and p.thresholds ?& cast(:tiers as text[])
      and p.thresholds - cast(:tiers as text[]) = '{}'
      and abs(array_position(cast(:ladder as text[]), o.tier)
              - array_position(cast(:ladder as text[]), e.alternative_tier)) = 1
      and p.by_task = cast(:apart as jsonb)
      -- Thresholds do not say what a policy showed that has sent a tier up by hand.
      and p.drained = '{}'
      and p.models = coalesce(
        (select s.models from active_policy a join policies s on s.version = a.stable_version),
        p.models)
    order by o.id desc limit :limit
    """
)


def _as_columns(
    pairs: Sequence[_RoutedPair],
    tiers: Sequence[str],
    top: str,
    apart: Mapping[str, Mapping[str, float]],
) -> RoutedPairs:
    """Pairs as arrays: tiers by their place on the ladder, policies by their place by version."""
    place = {tier: number for number, tier in enumerate((*tiers, top))}
    known = {pair.policy_version: pair.thresholds for pair in pairs}
    versions = sorted(known)
    gains = {"worse": 1.0, "tie": 0.0, "better": -1.0}
    return RoutedPairs(
        confidences=np.array(
            [_own_decided(pair, tiers, apart) for pair in pairs], dtype=np.float64
        ).reshape(len(pairs), len(tiers)),
        served=[place[pair.tier] for pair in pairs],
        boundaries=[place[pair.boundary] for pair in pairs],
        labels=[place[pair.label] for pair in pairs],
        gains=[gains[lower_verdict(pair.preferred, direction=pair.direction)] for pair in pairs],
        weights=[1 / pair.pi for pair in pairs],
        policies=[versions.index(pair.policy_version) for pair in pairs],
        thresholds=np.array(
            [[known[version][tier] for tier in tiers] for version in versions], dtype=np.float64
        ).reshape(len(versions), len(tiers)),
        direct=[
            math.nan if pair.direct is None else gains[lower_verdict(pair.direct, direction="up")]
            for pair in pairs
        ],
        direct_weights=[1 / (pair.direct_pi or 1.0) for pair in pairs],
    )


def _own_decided(
    pair: _RoutedPair, tiers: Sequence[str], apart: Mapping[str, Mapping[str, float]]
) -> list[float]:
    """Confidences of a pair, 1 or 0 where a threshold of its task type's own decides."""
    own = apart.get(pair.task_type, {})
    return [
        float(confidence >= own[tier]) if tier in own else confidence
        for tier, confidence in zip(tiers, pair.confidences, strict=True)
    ]
