"""Who works on an exchange, what was tried, how it ended, what was paid for nothing."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.schema.declarative import Base, set_by_database


class FailureRow(Base):
    """The terminal end of an exchange that could not be shadowed or judged, and why."""

    __tablename__ = "failures"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = set_by_database()


class AttemptRow(Base):
    """One call that was tried: by a worker (every one), or by the gateway (failed ones)."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_exchange_id", "exchange_id"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    exchange_id: Mapped[uuid.UUID]
    step: Mapped[str]
    model: Mapped[str]
    error: Mapped[str]
    detail: Mapped[str]
    latency_ms: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()


class ClaimRow(Base):
    """Who works on a step of an exchange, and until when nobody else may."""

    __tablename__ = "claims"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[uuid.UUID]
    tries: Mapped[int]
    until: Mapped[dt.datetime]


class LostCostRow(Base):
    """What was paid for an answer that was not kept: it could not be read, or another was there."""

    __tablename__ = "lost_costs"
    __table_args__ = (
        CheckConstraint("kind in ('shadow', 'judge', 'checks')", name="kind"),
        Index("ix_lost_costs_created_at", "created_at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()
