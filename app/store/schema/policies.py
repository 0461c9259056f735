"""Policies, and which of them gateways run."""

import datetime as dt

from sqlalchemy import CheckConstraint, SmallInteger, text

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class PolicyRow(Base):
    """One immutable policy. A new set of thresholds is a new version."""

    __tablename__ = "policies"
    version: Column[int] = column(primary_key=True, autoincrement=False)
    thresholds: Column[Json]
    by_task: Column[Json]
    classifier: Column[int] = column(server_default=text("0"))
    promised: Column[Json] = column(server_default=text("'{}'::jsonb"))
    promised_for: Column[float | None]
    author: Column[str]
    reason: Column[str]
    created_at: Column[dt.datetime] = set_by_database()


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
