"""What was learned from judged pairs: classifiers of boundaries, task types."""

import datetime as dt

from sqlalchemy import Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, set_by_database


class ArtefactRow(Base):
    """One boundary's learned classifier, as bytes. Never changed: a refit adds another.

    ``position`` is that of the newest outcome it learned from.
    """

    __tablename__ = "classifier_artefacts"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    boundary: Mapped[str]
    artefact: Mapped[bytes]
    pairs: Mapped[int]
    position: Mapped[int]
    author: Mapped[str]
    created_at: Mapped[dt.datetime] = set_by_database()


class ModelRow(Base):
    """A version of the learned model: the artefact of each boundary that has one."""

    __tablename__ = "classifier_models"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    boundary: Mapped[str] = mapped_column(primary_key=True)
    artefact_id: Mapped[int]
    created_at: Mapped[dt.datetime] = set_by_database()


class LearnerRow(Base):
    """The working classifier of a boundary, which learns from each judged pair, in order.

    ``position`` is that of the newest outcome it has taken. ``candidate_id`` is the artefact that
    waits for held-out pairs: those that came after it.
    """

    __tablename__ = "learners"
    boundary: Mapped[str] = mapped_column(primary_key=True)
    artefact: Mapped[bytes]
    pairs: Mapped[int]
    position: Mapped[int]
    candidate_id: Mapped[int | None]
    updated_at: Mapped[dt.datetime] = set_by_database()


class RefitRow(Base):
    """One comparison of a candidate with the active model, whatever came of it."""

    __tablename__ = "refits"
    __table_args__ = (UniqueConstraint("boundary", "k"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    boundary: Mapped[str]
    k: Mapped[int]
    incumbent_id: Mapped[int]
    candidate_id: Mapped[int]
    first_position: Mapped[int]
    last_position: Mapped[int]
    pairs: Mapped[int]
    result: Mapped[Json]
    created_at: Mapped[dt.datetime] = set_by_database()


class TaskTypesRow(Base):
    """One version of the task types. At most one is active; gateways poll its version."""

    __tablename__ = "task_types"
    __table_args__ = (
        Index("uq_task_types_active", "active", unique=True, postgresql_where=text("active")),
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    artefact: Mapped[bytes]
    names: Mapped[JsonList]
    evidence: Mapped[Json]
    mapping: Mapped[Json]
    active: Mapped[bool]
    created_at: Mapped[dt.datetime] = set_by_database()
