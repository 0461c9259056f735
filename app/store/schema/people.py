"""Who may enter, and who did what."""

import datetime as dt

from sqlalchemy import CheckConstraint, Identity
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, set_by_database


class AuditRow(Base):
    """Who did what and why. Append-only: the database refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[dt.datetime] = set_by_database()
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[Json]


class UserRow(Base):
    """A person who may enter the dashboard."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    must_change: Mapped[bool]
    created_at: Mapped[dt.datetime] = set_by_database()


class TokenRow(Base):
    """A bearer token of the JSON API; only its hash is kept."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[dt.datetime] = set_by_database()
