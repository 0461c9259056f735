"""Sampled exchanges and their texts, in and out."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    AlternativeTextRow,
    ExchangeRow,
    ExchangeTextRow,
)
from tierwatch.store.traffic.stored_request import STORED_REQUEST, StoredRequest, stored_request
from tierwatch.wire.chat import OPENAI


class ExchangeColumns(TypedDict):
    """An exchange to add, its two texts with it; `schema.exchanges.ExchangeRow` explains it."""

    id: uuid.UUID
    request_no: int
    arrived_at: dt.datetime
    session: str
    tier: str
    model: str
    provider: str
    label: str
    confidence: float
    confidences: dict[str, float]
    threshold: float | None
    escalated: bool
    task_type: str
    policy_version: int
    reason: str
    direction: str
    alternative_tier: str
    rate: float
    pi: float
    density: NotRequired[float]
    tier_density: NotRequired[float]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_usd: float
    classifier_cost_usd: float
    latency_ms: float
    request: Json
    answer: Json
    wire: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    fitted: NotRequired[list[str]]
    prompt_version: NotRequired[str | None]
    client: NotRequired[str | None]


class AlternativeColumns(TypedDict):
    """Figures of a shadow answer to add."""

    tier: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_usd: float
    latency_ms: float
    fitted: NotRequired[list[str]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A sampled exchange as the steps after capture need it.

    Attributes:
        confidences: by tier, the classifier's confidence that it is enough.
        direction: ``up`` when the next tier answers in the shadow, ``down`` when the one below,
            ``top`` when the top tier does, of what the next one is asked as well.
        alternative_tier: the one that answers in the shadow.
        rate: chance with which traffic is sampled as planned.
        pi: chance with which this one was.
        density: how many times the rate its segment was sampled with.
        tier_density: how many times the rate all of its tier was sampled with.
    """

    id: uuid.UUID
    request_no: int
    session: str
    tier: str
    model: str
    task_type: str
    policy_version: int
    confidence: float
    confidences: dict[str, float]
    direction: str
    alternative_tier: str
    rate: float
    pi: float
    density: float
    tier_density: float


@dataclass(frozen=True, slots=True)
class StoredPair:
    """An exchange as a worker needs it; texts are None once retention took them.

    ``alternative`` is the shadow answer's message, None before the shadow ran.
    """

    exchange: Exchange
    asked: StoredRequest | None
    answer: Json | None
    alternative: Json | None
    shadowed: bool

    @property
    def request(self) -> Json | None:
        """What was asked, in OpenAI's form."""
        return None if self.asked is None else self.asked.in_library_form


def add_exchanges(connection: Connection, rows: Sequence[ExchangeColumns]) -> list[uuid.UUID]:
    """Add exchanges with their texts; a row that is there already changes nothing.

    Args:
        connection: inside the caller's transaction.
        rows: columns of ``exchanges`` and the two texts ``request`` and ``answer``.

    Returns:
        Ids of the rows that were new.
    """
    if not rows:
        return []
    texts = [
        {
            "id": row["id"],
            "request": row["request"],
            "answer": row["answer"],
            "wire": row.get("wire", OPENAI),
            "headers": row.get("headers", {}),
        }
        for row in rows
    ]
    figures = [
        {name: value for name, value in row.items() if name not in _OF_THE_TEXT} for row in rows
    ]
    added = connection.execute(
        insert(ExchangeRow).on_conflict_do_nothing().returning(ExchangeRow.id), figures
    )
    new = [row.id for row in added]
    connection.execute(insert(ExchangeTextRow).on_conflict_do_nothing(), texts)
    return new


_FIGURES = [ExchangeRow.__table__.columns[field.name] for field in fields(Exchange)]
_OF_THE_TEXT = frozenset({"request", "answer", "wire", "headers"})


def load_pair(connection: Connection, exchange_id: uuid.UUID) -> StoredPair | None:
    """Return an exchange with what is known of it, or None when there is no such exchange."""
    row = connection.execute(
        select(
            *_FIGURES,
            *STORED_REQUEST,
            ExchangeTextRow.answer,
            AlternativeTextRow.answer,
            AlternativeRow.exchange_id.is_not(None),
        )
        .select_from(ExchangeRow)
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(AlternativeTextRow, AlternativeTextRow.id == ExchangeRow.id)
        .where(ExchangeRow.id == exchange_id)
    ).one_or_none()
    if row is None:
        return None
    figures, asked = row[: len(_FIGURES)], row[len(_FIGURES) :][: len(STORED_REQUEST)]
    texts = row[len(_FIGURES) + len(STORED_REQUEST) :]
    return StoredPair(Exchange(*figures), stored_request(*asked), *texts)


def confidences_of(
    connection: Connection, exchanges: Sequence[uuid.UUID]
) -> dict[uuid.UUID, dict[str, float]]:
    """The classifier's confidences by tier of those of these exchanges that are still there."""
    found = connection.execute(
        select(ExchangeRow.id, ExchangeRow.confidences).where(ExchangeRow.id.in_(exchanges))
    )
    return {row.id: row.confidences for row in found}


def add_alternative(
    connection: Connection,
    exchange_id: uuid.UUID,
    *,
    message: Json,
    **figures: Unpack[AlternativeColumns],
) -> bool:
    """Add the shadow answer; False when another worker already had."""
    added = connection.execute(
        insert(AlternativeRow)
        .values(exchange_id=exchange_id, **figures)
        .on_conflict_do_nothing()
        .returning(AlternativeRow.exchange_id)
    ).one_or_none()
    if added is None:
        return False
    connection.execute(
        insert(AlternativeTextRow).values(id=exchange_id, answer=message).on_conflict_do_nothing()
    )
    return True


def month_bounds(month: dt.date) -> tuple[uuid.UUID, uuid.UUID]:
    """Ids between which every exchange of a month lies: [first, last)."""
    first = month.replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first_id(_midnight(first)), first_id(_midnight(following))


def first_id(moment: dt.datetime) -> uuid.UUID:
    """The lowest id of an exchange that arrived at this moment: its milliseconds lead the id."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
