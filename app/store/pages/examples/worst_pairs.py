"""Texts and verdicts of some pairs at once, as the page of an alert shows them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from tierwatch.store.documents import Json
from tierwatch.store.schema.exchanges import AlternativeTextRow, ExchangeRow, ExchangeTextRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.traffic.stored_request import library_form


@dataclass(frozen=True, slots=True)
class PairTexts:
    """A pair's request in OpenAI's form, its answers, and why its newest verdict is what it is.

    A text is None once retention took it, and ``reason`` is empty without a verdict.
    """

    tier: str
    alternative_tier: str
    request: Json | None
    answer: Json | None
    alternative: Json | None
    reason: str


def pair_texts(connection: Connection, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, PairTexts]:
    """The texts of pairs, by id; those that are gone are left out."""
    newest = (
        select(VerdictRow.exchange_id, VerdictRow.reason)
        .where(VerdictRow.exchange_id.in_(ids))
        .ext(distinct_on(VerdictRow.exchange_id))
        .order_by(VerdictRow.exchange_id, VerdictRow.created_at.desc())
        .subquery()
    )
    rows = connection.execute(
        select(
            ExchangeRow.id,
            ExchangeRow.tier,
            ExchangeRow.alternative_tier,
            ExchangeTextRow.wire,
            ExchangeTextRow.request,
            ExchangeTextRow.answer,
            AlternativeTextRow.answer.label("alternative"),
            newest.c.reason,
        )
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .outerjoin(AlternativeTextRow, AlternativeTextRow.id == ExchangeRow.id)
        .outerjoin(newest, newest.c.exchange_id == ExchangeRow.id)
        .where(ExchangeRow.id.in_(ids))
    )
    return {
        row.id: PairTexts(
            tier=row.tier,
            alternative_tier=row.alternative_tier,
            request=None if row.request is None else library_form(row.request, row.wire),
            answer=row.answer,
            alternative=row.alternative,
            reason=row.reason or "",
        )
        for row in rows
    }
