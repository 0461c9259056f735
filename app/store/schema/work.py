"""Who works on an exchange, what was tried, how it ended, what was paid for nothing."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index

from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class FailureRow(Base):
    """The terminal end of an exchange that could not be shadowed or judged, and why."""

    __tablename__ = "failures"
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    step: Column[str]
    reason: Column[str]
    created_at: Column[dt.datetime] = set_by_database()


class AttemptRow(Base):
    """One call that was tried: by a worker (every one), or by the gateway (failed ones)."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_exchange_id", "exchange_id"),)
    id: Column[int] = column(Identity(), primary_key=True)
    exchange_id: Column[uuid.UUID]
    step: Column[str]
    model: Column[str]
    error: Column[str]
    detail: Column[str]
    latency_ms: Column[float]
    created_at: Column[dt.datetime] = set_by_database()


class ClaimRow(Base):
    """Who works on a step of an exchange, and until when nobody else may."""

    __tablename__ = "claims"
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    step: Column[str] = column(primary_key=True)
    token: Column[uuid.UUID]
    tries: Column[int]
    until: Column[dt.datetime]


class LostCostRow(Base):
    """What was paid for an answer that was not kept: it could not be read, or another was there."""

    __tablename__ = "lost_costs"
    __table_args__ = (
        CheckConstraint("kind in ('shadow', 'judge', 'checks')", name="kind"),
        Index("ix_lost_costs_created_at", "created_at"),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    kind: Column[str]
    cost_usd: Column[float]
    created_at: Column[dt.datetime] = set_by_database()
