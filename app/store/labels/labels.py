"""What people say of pairs: labels, and which pair to show next."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.store.documents import Json
from tierwatch.store.schema.judgements import LabelRow


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Outcomes of one tier against the next one up, with a person's word where there is one.

    Lists of equal length, in order of arrival.

    Attributes:
        judged: 1.0 where the judge found the served answer worse.
        weights: 1 / pi.
        strata: task type.
        labels: 1.0 or 0.0 as people said, NaN where nobody did. Where several said different
            things, the majority; a draw counts as 0.
    """

    judged: list[float]
    weights: list[float]
    strata: list[str]
    labels: list[float]


@dataclass(frozen=True, slots=True)
class LabelledVerdict:
    """The judge's and a person's word on one pair: ``served``, ``alternative`` or ``tie``.

    The judge's may be ``inconclusive``. ``orders`` is what it said in each order of the answers.
    """

    judged: str
    label: str
    orders: Sequence[Json]


def add_label(
    connection: Connection,
    exchange_id: uuid.UUID,
    *,
    reviewer: str,
    preferred: str,
    shown_first: str,
    note: str,
) -> bool:
    """Keep a person's word on a pair; False when this person had spoken already."""
    added = connection.execute(
        insert(LabelRow)
        .values(
            exchange_id=exchange_id,
            reviewer=reviewer,
            preferred=preferred,
            shown_first=shown_first,
            note=note,
        )
        .on_conflict_do_nothing()
        .returning(LabelRow.exchange_id)
    ).one_or_none()
    return added is not None


def next_for_review(
    connection: Connection, reviewer: str, *, judge_version: str
) -> uuid.UUID | None:
    """The pair this person should review next; None when there is none left.

    Pairs are taken in the order of a hash of their id, which has nothing to do with what they
    say, so the labels of a tier are a plain random sample of its pairs: good for rates, and for
    the judge's sensitivity and specificity. Picking judged-bad pairs more often would not make
    rates more precise: nearly all of their variance comes from what the judge clears. Among tiers
    the one with the fewest labels comes first.
    """
    found = connection.execute(
        text(
            """
            with tiers as (
                select o.boundary, count(l.exchange_id) as labelled
                from outcomes o left join labels l using (exchange_id)
                where o.judge_version = :judge group by 1
            )
            select o.exchange_id from outcomes o join tiers using (boundary)
            where o.judge_version = :judge
              and not exists (select 1 from labels l where l.exchange_id = o.exchange_id
                              and l.reviewer = :reviewer)
              and exists (select 1 from exchange_texts t where t.id = o.exchange_id)
              and exists (select 1 from alternative_texts t where t.id = o.exchange_id)
            order by tiers.labelled, md5(o.exchange_id::text) limit 1
            """
        ),
        {"judge": judge_version, "reviewer": reviewer},
    ).one_or_none()
    return None if found is None else found.exchange_id


def label_counts(connection: Connection, judge_version: str) -> tuple[int, int]:
    """How many pairs of a judge have a label, and how many pairs there are."""
    row = connection.execute(
        text(
            "select count(*) filter (where exists (select 1 from labels l"
            " where l.exchange_id = o.exchange_id)) as labelled, count(*) as pairs"
            " from outcomes o where judge_version = :judge"
        ),
        {"judge": judge_version},
    ).one()
    return row.labelled, row.pairs


def has_labels(connection: Connection, tier: str, *, judge_version: str) -> bool:
    """Whether anybody has labelled one of a tier's pairs with the next one up."""
    return bool(
        connection.execute(
            text(
                "select exists (select 1 from labels l join outcomes o using (exchange_id)"
                " where o.boundary = :tier and o.direction = 'up' and o.judge_version = :judge)"
            ),
            {"tier": tier, "judge": judge_version},
        ).scalar_one()
    )


def reviewed_outcomes(connection: Connection, tier: str, *, judge_version: str) -> Reviewed:
    """Every outcome of a tier shadowed up, with people's labels."""
    rows = connection.execute(
        text(
            """
            with said as (
                select exchange_id,
                       (avg((preferred = 'alternative')::int) > .5)::int as label
                from labels group by exchange_id
            )
            select o.loss, 1 / o.pi as weight, o.task_type, said.label
            from outcomes o left join said using (exchange_id)
            where o.boundary = :tier and o.direction = 'up' and o.judge_version = :judge
            order by o.id
            """
        ),
        {"tier": tier, "judge": judge_version},
    ).all()
    return Reviewed(
        judged=[row.loss for row in rows],
        weights=[row.weight for row in rows],
        strata=[row.task_type for row in rows],
        labels=[float("nan") if row.label is None else float(row.label) for row in rows],
    )


def labelled_verdicts(connection: Connection, judge_version: str) -> list[LabelledVerdict]:
    """Judge's and people's words on the same pairs, one value a label."""
    found = connection.execute(
        text(
            "select case when v.basis = 'swap_disagreement' then 'inconclusive'"
            " else v.preferred end as judged, l.preferred, v.orders"
            " from labels l join verdicts v using (exchange_id)"
            " where v.judge_version = :judge and v.preferred is not null"
            " order by l.created_at, l.exchange_id, l.reviewer"
        ),
        {"judge": judge_version},
    )
    return [LabelledVerdict(*row) for row in found]


def judge_errors(connection: Connection, boundary: str, *, judge_version: str) -> JudgeErrors:
    """How the judge did on a boundary's labelled pairs: was the lower tier's answer worse?

    Labels of a pair are reduced to their majority; a draw counts as not worse.
    """
    row = connection.execute(
        text(
            """
            with said as (
                select o.loss > 0 as flagged,
                       avg((l.preferred = case o.direction when 'up' then 'alternative'
                            else 'served' end)::int) > .5 as bad
                from outcomes o join labels l using (exchange_id)
                where o.boundary = :boundary and o.judge_version = :judge
                group by o.id, o.loss, o.direction
            )
            select count(*) filter (where bad and flagged) as caught,
                   count(*) filter (where bad) as bad,
                   count(*) filter (where not bad and not flagged) as cleared,
                   count(*) filter (where not bad) as good
            from said
            """
        ),
        {"boundary": boundary, "judge": judge_version},
    ).one()
    return JudgeErrors(row.caught, row.bad, row.cleared, row.good)
