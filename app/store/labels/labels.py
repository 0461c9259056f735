"""What people say of pairs: labels. Which pair is shown next is in `second_labels`."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.store.documents import Json
from tierwatch.store.schema.judgements import LabelRow

# Long enough for a slip of the finger, too short to come back to what others said.
WITHDRAW_MINUTES = 10

# The label of each pair that rates and the judge are measured by: its first.
FIRST_LABELS = (
    "select distinct on (exchange_id) exchange_id, reviewer, preferred, created_at"
    " from labels order by exchange_id, created_at, reviewer"
)

# What a verdict ``v`` says; null where it says nothing.
JUDGED = (
    "case when v.preferred is not null and v.basis = 'swap_disagreement' then 'inconclusive'"
    " else v.preferred end"
)


# Bits 13 to 60 of an id are the milliseconds at which its request arrived, and days of sums are
# those of arrivals.
_COUNTS: Final = text(
    """
    select (select count(distinct l.exchange_id) from labels l
            join outcomes o using (exchange_id) where o.judge_version = :judge) as labelled,
           (select coalesce(sum(up_pairs + down_pairs), 0)::bigint from outcome_sums
            where span = 'day' and task_type = '*' and judge_version = :judge
              and start >= (
                select date_trunc('day', to_timestamp(
                    ('x' || left(replace(exchange_id::text, '-', ''), 12))::bit(48)::bigint
                    / 1000.0), 'UTC')
                from outcomes order by exchange_id limit 1)) as pairs
    """
)


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
    """Keep a person's word on a pair, a label of its own; False when they had spoken already."""
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


def withdraw_label(connection: Connection, exchange_id: uuid.UUID, reviewer: str) -> str | None:
    """Take back a person's label, `WITHDRAW_MINUTES` after it at the latest; the note that it had.

    None where there is none that can be: it is older, or another person has spoken since, whose
    label would become the pair's first.
    """
    return connection.execute(
        text(
            "delete from labels l where exchange_id = :id and reviewer = :reviewer"
            " and created_at > now() - make_interval(mins => :minutes)"
            " and not exists (select 1 from labels o where o.exchange_id = l.exchange_id"
            " and o.reviewer <> l.reviewer and o.created_at >= l.created_at)"
            " returning note"
        ),
        {"id": exchange_id, "reviewer": reviewer, "minutes": WITHDRAW_MINUTES},
    ).scalar_one_or_none()


def newest_label(connection: Connection, reviewer: str) -> uuid.UUID | None:
    """The pair that a person labelled last, while that can be taken back."""
    return connection.execute(
        text(
            "select exchange_id from labels where reviewer = :reviewer"
            " and created_at > now() - make_interval(mins => :minutes)"
            " order by created_at desc, exchange_id limit 1"
        ),
        {"reviewer": reviewer, "minutes": WITHDRAW_MINUTES},
    ).scalar_one_or_none()


def label_counts(connection: Connection, judge_version: str) -> tuple[int, int]:
    """How many pairs of a judge have a label, and how many pairs there are, of those that are kept.

    Sums outlive the outcomes that retention dropped, by whole months, so they are added up from the
    day of the oldest outcome on.
    """
    row = connection.execute(_COUNTS, {"judge": judge_version}).one()
    return row.labelled, row.pairs


def labelled_verdicts(connection: Connection, judge_version: str) -> list[LabelledVerdict]:
    """Judge's and people's words on the same pairs, one value a pair: its first label."""
    found = connection.execute(
        text(
            f"select {JUDGED} as judged, l.preferred, v.orders"  # noqa: S608 - the words are ours
            f" from ({FIRST_LABELS}) l join verdicts v using (exchange_id)"
            " where v.judge_version = :judge and v.preferred is not null"
            " order by l.created_at, l.exchange_id"
        ),
        {"judge": judge_version},
    )
    return [LabelledVerdict(*row) for row in found]


def judge_errors(connection: Connection, boundary: str, *, judge_version: str) -> JudgeErrors:
    """How the judge did on a boundary's labelled pairs: was the lower tier's answer worse?

    By first labels, taken to be right. Slips make the judge look less sensitive than it is, which
    costs certificates, and no promise unless the tolerance is far below the rate (decision 0070).
    """
    row = connection.execute(
        text(
            f"""
            with said as (
                select o.loss > 0 as flagged,
                       l.preferred = case o.direction when 'up' then 'alternative'
                                     else 'served' end as bad
                from outcomes o join ({FIRST_LABELS}) l using (exchange_id)
                where o.boundary = :boundary and o.judge_version = :judge
            )
            select count(*) filter (where bad and flagged) as caught,
                   count(*) filter (where bad) as bad,
                   count(*) filter (where not bad and not flagged) as cleared,
                   count(*) filter (where not bad) as good
            from said
            """  # noqa: S608 - the words are ours
        ),
        {"boundary": boundary, "judge": judge_version},
    ).one()
    return JudgeErrors(row.caught, row.bad, row.cleared, row.good)
