"""Who may enter, and who did what."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Identity
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
    """A person who may enter the dashboard: by password, or as somebody's subject elsewhere."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
        CheckConstraint("password_hash is not null or subject is not null", name="enters_somehow"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str | None]
    subject: Mapped[str | None] = mapped_column(unique=True)
    role: Mapped[str]
    must_change: Mapped[bool]
    created_at: Mapped[dt.datetime] = set_by_database()
    disabled_at: Mapped[dt.datetime | None]
    entered_at: Mapped[dt.datetime | None]


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
    ends_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]


class SessionRow(Base):
    """A person's login in one browser; of the cookie only a digest is kept."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("method in ('password', 'oidc', 'proxy')", name="method"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    user_name: Mapped[str] = mapped_column(
        ForeignKey("users.name", name="fk_sessions_user_name", ondelete="CASCADE"), index=True
    )
    method: Mapped[str]
    stamp: Mapped[str]
    began_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime] = mapped_column(index=True)
    address: Mapped[str]
    agent: Mapped[str]
