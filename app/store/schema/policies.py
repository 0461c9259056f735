"""Policies, which of them gateways run, and what a router that is only watched runs with."""

import datetime as dt

from sqlalchemy import CheckConstraint, Identity, Index, SmallInteger, text

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class PolicyRow(Base):
    """One immutable policy. A new set of thresholds is a new version.

    ``base_version`` is the policy that it changes; NULL of the first one, and of older versions.
    """

    __tablename__ = "policies"
    version: Column[int] = column(primary_key=True, autoincrement=False)
    thresholds: Column[Json]
    by_task: Column[Json]
    classifier: Column[int] = column(server_default=text("0"))
    promised: Column[Json] = column(server_default=text("'{}'::jsonb"))
    promised_for: Column[float | None]
    drained: Column[Json] = column(server_default=text("'{}'::jsonb"))
    models: Column[Json] = column(server_default=text("'{}'::jsonb"))
    base_version: Column[int | None]
    author: Column[str]
    reason: Column[str]
    created_at: Column[dt.datetime] = set_by_database()


class DrainRow(Base):
    """A tier that keeps nothing of a task type (``all`` for every one) for some time, by a person.

    The active policy follows from the rows that have not ended. ``alert_id`` is of the alert that
    it was done for.
    """

    __tablename__ = "drains"
    __table_args__ = (
        CheckConstraint("until > began_at", name="until"),
        Index(
            "uq_drains_going_on",
            "tier",
            "task_type",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    tier: Column[str]
    task_type: Column[str]
    alert_id: Column[int | None]
    actor: Column[str]
    why: Column[str]
    began_at: Column[dt.datetime] = set_by_database()
    until: Column[dt.datetime]
    ended_at: Column[dt.datetime | None]
    ended_by: Column[str | None]
    ended_why: Column[str | None]


class ActivePolicyRow(Base):
    """The one row gateways poll: which policy is active, and which one is being rolled out."""

    __tablename__ = "active_policy"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Column[int] = column(kind=SmallInteger, primary_key=True, autoincrement=False)
    stable_version: Column[int]
    candidate_version: Column[int | None]
    share: Column[float]
    salt: Column[str]
    changed_at: Column[dt.datetime] = set_by_database()


class SeenThresholdsRow(Base):
    """Thresholds that decisions were logged with, by source; ``words`` tells them apart."""

    __tablename__ = "seen_thresholds"
    source: Column[str] = column(primary_key=True)
    words: Column[str] = column(primary_key=True)
    thresholds: Column[Json]
    calls: Column[int]
    first_seen_at: Column[dt.datetime] = set_by_database()
    last_seen_at: Column[dt.datetime] = set_by_database()


class RouterChangeRow(Base):
    """What an approved proposal changes in a watched router's own settings.

    It waits for somebody to apply it, is ``applied``, waits to be undone (``undo``), is ``undone``,
    or has ``ended``, since its router runs with something else. ``try_at`` is when the webhook is
    asked next; None where it is not. One change waits at a time.
    """

    __tablename__ = "router_changes"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'applied', 'undo', 'undone', 'ended')", name="state"),
        Index(
            "uq_router_changes_waiting",
            text("(1)"),
            unique=True,
            postgresql_where=text("state in ('waiting', 'undo')"),
        ),
    )
    proposal_id: Column[int] = column(primary_key=True, autoincrement=False)
    state: Column[str]
    router: Column[str]
    file: Column[str]
    before: Column[Json]
    after: Column[Json]
    diff: Column[str]
    undo: Column[str]
    webhook: Column[bool]
    tries: Column[int] = column(server_default=text("0"))
    try_at: Column[dt.datetime | None]
    answer: Column[str] = column(server_default=text("''"))
    created_at: Column[dt.datetime] = set_by_database()
    applied_at: Column[dt.datetime | None]
    applied_by: Column[str | None]
    undone_at: Column[dt.datetime | None]
    undone_by: Column[str | None]
