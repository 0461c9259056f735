"""What waits for a person: alerts, proposals, and the tests that proposals come from."""

import datetime as dt

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, set_by_database


class AlertRow(Base):
    """Something a person should look at. One open alert a cause.

    ``events`` counts what people were to be notified of, ``last_event_at`` is when that was last.
    ``delivered`` is what versions without an outbox kept of it. ``resolution`` says why tierwatch
    resolved it by itself, with the figures.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state in ('open', 'acknowledged', 'resolved')", name="state"),
        Index(
            "uq_alerts_open_cause",
            "cause",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    cause: Mapped[str]
    tier: Mapped[str]
    segment: Mapped[str]
    state: Mapped[str]
    summary: Mapped[str]
    pairs: Mapped[int]
    opened_at_request: Mapped[int]
    evidence: Mapped[Json]
    attribution: Mapped[Json | None]
    attribution_until: Mapped[dt.datetime | None]
    opened_at: Mapped[dt.datetime] = set_by_database()
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[dt.datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[Json | None]
    delivered: Mapped[JsonList]
    events: Mapped[int] = mapped_column(server_default=text("0"))
    last_event_at: Mapped[dt.datetime | None]


class ProposalRow(Base):
    """A candidate policy with its evidence, waiting for or after a decision.

    Kind ``threshold`` moves a tier's threshold. Kind ``model`` puts the artefact at the tier's
    boundary, with the threshold that keeps the same share of its traffic.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint(
            "state in ('open', 'approved', 'rejected', 'rolling_out', 'active',"
            " 'rolled_back', 'expired')",
            name="state",
        ),
        Index(
            "uq_proposals_undecided_tier",
            "tier",
            "task_type",
            unique=True,
            postgresql_where=text("state in ('open', 'approved', 'rolling_out')"),
        ),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=text("'threshold'"))
    artefact_id: Mapped[int | None]
    tier: Mapped[str]
    task_type: Mapped[str]
    from_threshold: Mapped[float]
    to_threshold: Mapped[float]
    direction: Mapped[str]
    certified: Mapped[bool]
    state: Mapped[str]
    base_version: Mapped[int]
    candidate_version: Mapped[int | None]
    alert_id: Mapped[int | None]
    pairs: Mapped[int]
    predicted: Mapped[Json]
    evidence: Mapped[Json]
    created_at: Mapped[dt.datetime] = set_by_database()
    expires_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None]
    decided_why: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None]
    ended_why: Mapped[str | None]


class RetuneRow(Base):
    """One test of a tier's threshold: what of the error budget it spent, and what it saw."""

    __tablename__ = "retunes"
    __table_args__ = (UniqueConstraint("tier", "task_type", "k"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tier: Mapped[str]
    task_type: Mapped[str]
    k: Mapped[int]
    delta: Mapped[float]
    first_outcome: Mapped[int]
    last_outcome: Mapped[int]
    pairs: Mapped[int]
    result: Mapped[Json]
    created_at: Mapped[dt.datetime] = set_by_database()
