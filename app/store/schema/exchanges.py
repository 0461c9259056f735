"""Sampled exchanges and their shadow answers, figures apart from text."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class ExchangeRow(Base):
    """A sampled exchange, without its text. Also the unit of evaluation work: one pair each.

    ``density`` and ``tier_density`` say how many times the plain ``rate`` its segment and its whole
    tier were sampled with when it was drawn; ``pi`` has the first in it. ``direction`` is ``up`` or
    ``down`` to a neighbouring tier, and ``top`` of a twin: the same exchange a second time,
    compared with the top tier (`DirectPairRow`). A twin has a verdict and no outcome.

    Cut by month on the time inside the id, as its texts, verdicts and outcomes are.
    """

    __tablename__ = "exchanges"
    __table_args__ = (
        CheckConstraint("direction in ('up', 'down', 'top')", name="direction"),
        CheckConstraint("pi > 0 and pi <= 1", name="pi"),
        Index("ix_exchanges_captured_at", "captured_at"),
        Index("ix_exchanges_unended", "captured_at", postgresql_where=text("ended_at is null")),
        Index("ix_exchanges_tier_direction_id", "tier", "direction", "id"),
        Index("ix_exchanges_task_type_id", "task_type", "id"),
        # What lists of pairs are narrowed and sorted by; the id is the order of the pages.
        Index("ix_exchanges_session", "session", "id"),
        Index("ix_exchanges_request_no", "request_no"),
        Index("ix_exchanges_model", "model", "id"),
        Index(
            "ix_exchanges_prompt_version",
            "prompt_version",
            "id",
            postgresql_where=text("prompt_version is not null"),
        ),
        Index(
            "ix_exchanges_client",
            "client",
            "id",
            postgresql_where=text("client is not null"),
        ),
        Index("ix_exchanges_policy_version", "policy_version", "id"),
        Index("ix_exchanges_cost_usd", "cost_usd", "id"),
        Index("ix_exchanges_latency_ms", "latency_ms", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: Column[uuid.UUID] = column(primary_key=True)
    request_no: Column[int]
    arrived_at: Column[dt.datetime]
    captured_at: Column[dt.datetime] = set_by_database()
    session: Column[str]
    tier: Column[str]
    model: Column[str]
    provider: Column[str]
    label: Column[str]
    confidence: Column[float]
    confidences: Column[Json]
    threshold: Column[float | None]
    escalated: Column[bool]
    task_type: Column[str]
    policy_version: Column[int]
    reason: Column[str]
    direction: Column[str]
    alternative_tier: Column[str]
    rate: Column[float]
    pi: Column[float]
    density: Column[float] = column(server_default=text("1"))
    tier_density: Column[float] = column(server_default=text("1"))
    prompt_tokens: Column[int]
    completion_tokens: Column[int]
    cached_tokens: Column[int] = column(server_default=text("0"))
    cache_write_tokens: Column[int] = column(server_default=text("0"))
    cost_usd: Column[float]
    classifier_cost_usd: Column[float] = column(server_default=text("0"))
    latency_ms: Column[float]
    ended_at: Column[dt.datetime | None]
    # What was done to the question for the model to take it, as `x-tierwatch-fitted` says it.
    fitted: Column[JsonList] = column(server_default=text("'[]'::jsonb"))
    # The caller's name for its prompt, else a digest of the system prompt; NULL where neither was.
    prompt_version: Column[str | None]
    # Name of the gateway's key that was shown, or the source that reported it; NULL for neither.
    client: Column[str | None]


class DirectPairRow(Base):
    """An exchange whose question the top tier answers as well, as a pair of its own: its twin.

    ``share`` is the part of such pairs that was asked for when it was drawn, ``pi`` the probability
    of this one. Its media are those of the exchange.
    """

    __tablename__ = "direct_pairs"
    __table_args__ = (
        UniqueConstraint("twin_id"),
        CheckConstraint("pi > 0 and pi <= 1 and share > 0 and share <= 1", name="pi"),
    )
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    twin_id: Column[uuid.UUID]
    share: Column[float]
    pi: Column[float]


class ExchangeTextRow(Base):
    """What was asked and answered, redacted. Cut by month on the time inside the id.

    ``request`` is on the wire it came on, with those of its headers that say how to read it; ask
    `store.traffic.stored_request` for OpenAI's form. ``answer`` is in OpenAI's.
    """

    __tablename__ = "exchange_texts"
    __table_args__ = (
        # The words of both texts, by a function of the migration that made them.
        Index("ix_exchange_texts_asked", text("tierwatch_words(request)"), postgresql_using="gin"),
        Index("ix_exchange_texts_served", text("tierwatch_words(answer)"), postgresql_using="gin"),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: Column[uuid.UUID] = column(primary_key=True)
    request: Column[Json]
    answer: Column[Json]
    wire: Column[str] = column(server_default=text("'openai'"))
    headers: Column[Json] = column(server_default=text("'{}'::jsonb"))


class ExchangeMediaRow(Base):
    """An image, a file or audio of a sampled request, sealed; ``mark`` stands in its place.

    Not cut by month: kept for days, and deleted in batches.
    """

    __tablename__ = "exchange_media"
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    name: Column[str] = column(primary_key=True)
    mark: Column[str]
    media_type: Column[str]
    size: Column[int]
    sealed: Column[bytes]


class MarkKeyRow(Base):
    """Under what the marks of an exchange were made, until its other answer is redacted."""

    __tablename__ = "mark_keys"
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    key: Column[bytes]


class AlternativeRow(Base):
    """The shadow answer's figures."""

    __tablename__ = "alternatives"
    __table_args__ = (
        Index(
            "ix_alternatives_spent", "created_at", postgresql_include=["exchange_id", "cost_usd"]
        ),
    )
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    tier: Column[str]
    model: Column[str]
    prompt_tokens: Column[int]
    completion_tokens: Column[int]
    cached_tokens: Column[int] = column(server_default=text("0"))
    cache_write_tokens: Column[int] = column(server_default=text("0"))
    cost_usd: Column[float]
    latency_ms: Column[float]
    created_at: Column[dt.datetime] = set_by_database()
    fitted: Column[JsonList] = column(server_default=text("'[]'::jsonb"))


class AlternativeTextRow(Base):
    """The shadow answer's text. Cut by month like the exchange it belongs to."""

    __tablename__ = "alternative_texts"
    __table_args__ = (
        Index(
            "ix_alternative_texts_words", text("tierwatch_words(answer)"), postgresql_using="gin"
        ),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: Column[uuid.UUID] = column(primary_key=True)
    answer: Column[Json]
