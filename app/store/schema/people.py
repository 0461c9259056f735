"""Who may enter, and who did what."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Identity

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class AuditRow(Base):
    """Who did what and why. Append-only: the database refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit"
    id: Column[int] = column(Identity(), primary_key=True)
    at: Column[dt.datetime] = set_by_database()
    actor: Column[str]
    action: Column[str]
    subject: Column[str]
    detail: Column[Json]


class UserRow(Base):
    """A person who may enter the dashboard: by password, or as somebody's subject elsewhere."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
        CheckConstraint("password_hash is not null or subject is not null", name="enters_somehow"),
    )
    name: Column[str] = column(primary_key=True)
    password_hash: Column[str | None]
    subject: Column[str | None] = column(unique=True)
    role: Column[str]
    must_change: Column[bool]
    created_at: Column[dt.datetime] = set_by_database()
    disabled_at: Column[dt.datetime | None]
    entered_at: Column[dt.datetime | None]


class TokenRow(Base):
    """A bearer token of the JSON API; only its hash is kept.

    ``owner`` is the person who answers for what it does; NULL where nobody is known to.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
    )
    name: Column[str] = column(primary_key=True)
    token_hash: Column[str] = column(unique=True)
    role: Column[str]
    owner: Column[str | None]
    created_at: Column[dt.datetime] = set_by_database()
    ends_at: Column[dt.datetime | None]
    used_at: Column[dt.datetime | None]


class SessionRow(Base):
    """A person's login in one browser; of the cookie only a digest is kept."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("method in ('password', 'oidc', 'proxy')", name="method"),)
    id: Column[int] = column(Identity(), primary_key=True)
    digest: Column[str] = column(unique=True)
    user_name: Column[str] = column(
        ForeignKey("users.name", name="fk_sessions_user_name", ondelete="CASCADE"), index=True
    )
    method: Column[str]
    stamp: Column[str]
    began_at: Column[dt.datetime]
    seen_at: Column[dt.datetime]
    ends_at: Column[dt.datetime] = column(index=True)
    address: Column[str]
    agent: Column[str]
