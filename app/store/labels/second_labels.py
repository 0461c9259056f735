"""Which pair a person is shown next, and the pairs that two people labelled.

One labelled pair in ten is drawn for a second label, by another person: by a keyed hash of its id,
so that neither what was said of it nor who asks decides which.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.calibration.kappa import Verdict
from tierwatch.evaluation.rates.double_sampling import LabelledPair
from tierwatch.store.labels.labels import FIRST_LABELS, JUDGED, LabelledVerdict

SECOND_SHARE = 0.10
# Another hash than the one that orders first labels, or the first tenth of them would be drawn.
_DRAWN = (
    "('x' || left(md5('second label|' || exchange_id::text), 8))::bit(32)::bigint"
    f" < {round(SECOND_SHARE * 2**32)}"
)


@dataclass(frozen=True, slots=True)
class FirstLabel:
    """The first label of a pair: who gave it, and what it says of the lower tier's answer."""

    exchange_id: uuid.UUID
    reviewer: str
    said: Verdict


@dataclass(frozen=True, slots=True)
class SecondLabel:
    """A pair drawn for a second label; ``second`` and ``then`` are None while it has none."""

    exchange_id: uuid.UUID
    first: str
    said: Verdict
    second: str | None
    then: Verdict | None


@dataclass(frozen=True, slots=True)
class AllLabels:
    """What people said, whichever judge's pairs, oldest first; and beside what a judge said.

    Attributes:
        first: the first label of every pair.
        second: every pair that is drawn for a second one.
        beside: by tier, the pairs of the judge with the next tier up that somebody has labelled, in
            order of arrival; strata are task types, a label is the first one.
        judged: how many labelled pairs have an outcome by the judge.
        verdicts: the judge's and the first person's word on the same pairs.
    """

    first: list[FirstLabel]
    second: list[SecondLabel]
    beside: dict[str, list[LabelledPair]]
    judged: int
    verdicts: list[LabelledVerdict]


def next_for_review(
    connection: Connection,
    reviewer: str,
    *,
    judge_version: str,
    tiers: Sequence[str] = (),
    after: uuid.UUID | None = None,
) -> uuid.UUID | None:
    """The pair this person should review next; None when there is none left.

    A pair of the first of ``tiers`` that has one, by its lower tier; without them, of all alike.
    One that they skip (``after``) comes back when those behind it in the order are through: pairs
    that are hard to compare must not be missing from the sample.

    Pairs that nobody labelled are taken in the order of a hash of their id, which has nothing to do
    with what they say, so the labels of a tier are a plain random sample of its pairs: good for
    rates, and for the judge's sensitivity and specificity. Picking judged-bad pairs more often
    would not make rates more precise: nearly all of their variance comes from what the judge
    clears.

    A pair that waits for a second label, and that this person did not label, comes before all; the
    page shows it as it shows every other.
    """
    found = connection.execute(
        text(
            f"""
            with said as (
                select exchange_id, count(*) as labels, bool_or(reviewer = :reviewer) as mine
                from labels group by exchange_id
            )
            select exchange_id
            from outcomes o left join said s using (exchange_id)
            where o.judge_version = :judge
              and (s.labels is null or (s.labels = 1 and not s.mine and {_DRAWN}))
              and exists (select 1 from exchange_texts t where t.id = exchange_id)
              and exists (select 1 from alternative_texts t where t.id = exchange_id)
            order by coalesce(md5(exchange_id::text) <= md5(cast(:after as text)), false),
                     s.labels is null, array_position(cast(:tiers as text[]), o.boundary),
                     md5(exchange_id::text) limit 1
            """  # noqa: S608 - the words are ours
        ),
        {
            "judge": judge_version,
            "reviewer": reviewer,
            "tiers": list(tiers),
            "after": None if after is None else str(after),
        },
    ).one_or_none()
    return None if found is None else found.exchange_id


def all_labels(
    connection: Connection, judge_version: str = "", *, verdicts: bool = False
) -> AllLabels:
    """The first label of every pair, every pair that is drawn for a second, and a judge's pairs.

    A drawn pair has its second label where another person gave it. Third labels count for nothing,
    and neither do second ones of pairs that were not drawn: people would give them where they
    disagree. ``verdicts`` are read where they are asked for.
    """
    rows = connection.execute(
        text(
            f"""
            select l.exchange_id, l.reviewer, {_lower("l.preferred")} as said, l.drawn,
                   two.reviewer as second, {_lower("two.preferred")} as then, o.id as outcome,
                   o.direction, o.boundary, o.task_type, o.loss, 1 / o.pi as weight, l.preferred,
                   (l.preferred = 'alternative')::int::float as label,
                   {JUDGED} as judged, v.orders
            from (select *, {_DRAWN} as drawn from ({FIRST_LABELS}) first) l
            left join outcomes o on o.exchange_id = l.exchange_id and o.judge_version = :judge
            -- An outcome has the direction of its exchange.
            left join exchanges e on o.id is null and e.id = l.exchange_id
            left join verdicts v on cast(:verdicts as boolean)
              and v.exchange_id = l.exchange_id and v.judge_version = :judge
            left join lateral (
                select reviewer, preferred from labels other
                where l.drawn and other.exchange_id = l.exchange_id
                  and other.reviewer <> l.reviewer
                order by other.created_at, other.reviewer limit 1
            ) two on true
            order by l.created_at, l.exchange_id
            """  # noqa: S608 - the words are ours
        ),
        {"judge": judge_version, "verdicts": verdicts},
    ).all()
    beside: dict[str, list[LabelledPair]] = {}
    upwards = [row for row in rows if row.direction == "up"]
    for row in sorted(upwards, key=lambda one: one.outcome):
        pair = LabelledPair(row.task_type, row.loss, row.weight, row.label)
        beside.setdefault(row.boundary, []).append(pair)
    return AllLabels(
        [FirstLabel(row.exchange_id, row.reviewer, row.said) for row in rows],
        [
            SecondLabel(row.exchange_id, row.reviewer, row.said, row.second, row.then)
            for row in rows
            if row.drawn
        ],
        beside,
        sum(row.outcome is not None for row in rows),
        [
            LabelledVerdict(row.judged, row.preferred, row.orders)
            for row in rows
            if row.judged is not None
        ],
    )


def is_drawn(connection: Connection, exchange_id: uuid.UUID) -> bool:
    """Whether a pair, once labelled, is to have a second label."""
    found = connection.execute(
        text(f"select {_DRAWN} from (select cast(:id as uuid) as exchange_id) asked"),  # noqa: S608 - the words are ours
        {"id": exchange_id},
    )
    return bool(found.scalar_one())


def _lower(preferred: str) -> str:
    """A label as one of the lower tier's answer: that was served in pairs up."""
    return (
        f"case when {preferred} is null then null when {preferred} = 'tie' then 'tie'"
        f" when ({preferred} = 'alternative') = (coalesce(o.direction, e.direction, 'up') = 'up')"
        " then 'worse' else 'better' end"
    )
