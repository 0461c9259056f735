"""Sampled exchanges and their shadow answers, figures apart from text."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, set_by_database


class ExchangeRow(Base):
    """A sampled exchange, without its text. Also the unit of evaluation work: one pair each.

    Cut by month on the time inside the id, as its texts, verdicts and outcomes are.
    """

    __tablename__ = "exchanges"
    __table_args__ = (
        CheckConstraint("direction in ('up', 'down')", name="direction"),
        CheckConstraint("pi > 0 and pi <= 1", name="pi"),
        Index("ix_exchanges_captured_at", "captured_at"),
        Index("ix_exchanges_unended", "captured_at", postgresql_where=text("ended_at is null")),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request_no: Mapped[int]
    arrived_at: Mapped[dt.datetime]
    captured_at: Mapped[dt.datetime] = set_by_database()
    session: Mapped[str]
    tier: Mapped[str]
    model: Mapped[str]
    provider: Mapped[str]
    label: Mapped[str]
    confidence: Mapped[float]
    confidences: Mapped[Json]
    threshold: Mapped[float | None]
    escalated: Mapped[bool]
    task_type: Mapped[str]
    policy_version: Mapped[int]
    reason: Mapped[str]
    direction: Mapped[str]
    alternative_tier: Mapped[str]
    rate: Mapped[float]
    pi: Mapped[float]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cache_write_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[float]
    classifier_cost_usd: Mapped[float] = mapped_column(server_default=text("0"))
    latency_ms: Mapped[float]
    ended_at: Mapped[dt.datetime | None]


class ExchangeTextRow(Base):
    """What was asked and answered, redacted. Cut by month on the time inside the id.

    ``request`` is on the wire it came on, with those of its headers that say how to read it; ask
    `store.traffic.stored_request` for OpenAI's form. ``answer`` is in OpenAI's.
    """

    __tablename__ = "exchange_texts"
    __table_args__ = ({"postgresql_partition_by": "RANGE (id)"},)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request: Mapped[Json]
    answer: Mapped[Json]
    wire: Mapped[str] = mapped_column(server_default=text("'openai'"))
    headers: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))


class ExchangeMediaRow(Base):
    """An image, a file or audio of a sampled request, sealed; ``mark`` stands in its place.

    Not cut by month: kept for days, and deleted in batches.
    """

    __tablename__ = "exchange_media"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sealed: Mapped[bytes]


class MarkKeyRow(Base):
    """Under what the marks of an exchange were made, until its other answer is redacted."""

    __tablename__ = "mark_keys"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes]


class AlternativeRow(Base):
    """The shadow answer's figures."""

    __tablename__ = "alternatives"
    __table_args__ = (Index("ix_alternatives_created_at", "created_at"),)
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tier: Mapped[str]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cache_write_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[float]
    latency_ms: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()


class AlternativeTextRow(Base):
    """The shadow answer's text. Cut by month like the exchange it belongs to."""

    __tablename__ = "alternative_texts"
    __table_args__ = ({"postgresql_partition_by": "RANGE (id)"},)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    answer: Mapped[Json]
