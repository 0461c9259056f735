"""What is sent to whom: events of alerts, scores, their destinations, and which step last ran."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, text

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class AlertEventRow(Base):
    """A change of an alert that people are notified of, in the transaction of the change.

    ``body`` is the alert as it was then. ``spread_at`` is when a worker, who knows the
    destinations, made a delivery for each.
    """

    __tablename__ = "alert_events"
    __table_args__ = (
        UniqueConstraint("alert_id", "number"),
        Index("ix_alert_events_unspread", "id", postgresql_where=text("spread_at is null")),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    alert_id: Column[int]
    number: Column[int]
    type: Column[str]
    body: Column[Json]
    at: Column[dt.datetime] = set_by_database()
    spread_at: Column[dt.datetime | None]


class DeliveryRow(Base):
    """One event at one destination: waiting until it was taken, or failed for good.

    ``waiting_since`` is when it was made or last retried by hand; its age counts from there.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "destination"),
        CheckConstraint("state in ('waiting', 'delivered', 'failed')", name="state"),
        Index(
            "ix_deliveries_waiting",
            "destination",
            "alert_id",
            "event_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_deliveries_alert_id", "alert_id"),
        Index("ix_deliveries_ended_at", "ended_at"),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    event_id: Column[int]
    alert_id: Column[int]
    destination: Column[str]
    state: Column[str] = column(server_default=text("'waiting'"))
    tries: Column[int] = column(server_default=text("0"))
    answer: Column[str] = column(server_default=text("''"))
    waiting_since: Column[dt.datetime] = set_by_database()
    next_try_at: Column[dt.datetime] = set_by_database()
    last_try_at: Column[dt.datetime | None]
    ended_at: Column[dt.datetime | None]


class DestinationRow(Base):
    """How a destination has been answering, and which worker sends to it until when.

    ``failures`` counts answers in a row that were no success; ``failing_since`` is the first.
    """

    __tablename__ = "destinations"
    name: Column[str] = column(primary_key=True)
    kind: Column[str]
    failures: Column[int] = column(server_default=text("0"))
    failing_since: Column[dt.datetime | None]
    paused_until: Column[dt.datetime | None]
    lease: Column[uuid.UUID | None]
    leased_until: Column[dt.datetime | None]
    answer: Column[str] = column(server_default=text("''"))
    answered_at: Column[dt.datetime | None]
    taken_at: Column[dt.datetime | None]


class ScoreDeliveryRow(Base):
    """The score of an exchange at a tool in whose traces it stands: waiting, taken, or failed.

    ``body`` is what is sent, but for the link. Written with the verdict, by the worker that judged.
    """

    __tablename__ = "score_deliveries"
    __table_args__ = (
        UniqueConstraint("exchange_id", "destination"),
        CheckConstraint("state in ('waiting', 'delivered', 'failed')", name="state"),
        Index(
            "ix_score_deliveries_waiting",
            "destination",
            "next_try_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_score_deliveries_ended_at", "ended_at"),
        Index("ix_score_deliveries_left", "state", postgresql_where=text("state <> 'delivered'")),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    exchange_id: Column[uuid.UUID]
    destination: Column[str]
    body: Column[Json]
    state: Column[str] = column(server_default=text("'waiting'"))
    tries: Column[int] = column(server_default=text("0"))
    answer: Column[str] = column(server_default=text("''"))
    queued_at: Column[dt.datetime] = set_by_database()
    next_try_at: Column[dt.datetime] = set_by_database()
    ended_at: Column[dt.datetime | None]


class StepRunRow(Base):
    """When a scheduled step last ran to its end."""

    __tablename__ = "step_runs"
    step: Column[str] = column(primary_key=True)
    ran_at: Column[dt.datetime] = set_by_database()
