"""Policies, and which of them gateways run."""

import datetime as dt

from sqlalchemy import CheckConstraint, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, set_by_database


class PolicyRow(Base):
    """One immutable policy. A new set of thresholds is a new version."""

    __tablename__ = "policies"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    thresholds: Mapped[Json]
    by_task: Mapped[Json]
    classifier: Mapped[int] = mapped_column(server_default=text("0"))
    promised: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    promised_for: Mapped[float | None]
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = set_by_database()


class ActivePolicyRow(Base):
    """The one row gateways poll: which policy is active, and which one is being rolled out."""

    __tablename__ = "active_policy"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    stable_version: Mapped[int]
    candidate_version: Mapped[int | None]
    share: Mapped[float]
    salt: Mapped[str]
    changed_at: Mapped[dt.datetime] = set_by_database()
