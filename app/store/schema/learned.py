"""What was learned from judged pairs: classifiers of boundaries, task types."""

import datetime as dt

from sqlalchemy import Identity, Index, UniqueConstraint, text

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class ArtefactRow(Base):
    """One boundary's learned classifier, as bytes. Never changed: a refit adds another.

    ``position`` is that of the newest outcome it learned from.
    """

    __tablename__ = "classifier_artefacts"
    id: Column[int] = column(Identity(), primary_key=True)
    boundary: Column[str]
    artefact: Column[bytes]
    pairs: Column[int]
    position: Column[int]
    author: Column[str]
    created_at: Column[dt.datetime] = set_by_database()


class ModelRow(Base):
    """A version of the learned model: the artefact of each boundary that has one."""

    __tablename__ = "classifier_models"
    version: Column[int] = column(primary_key=True, autoincrement=False)
    boundary: Column[str] = column(primary_key=True)
    artefact_id: Column[int]
    created_at: Column[dt.datetime] = set_by_database()


class LearnerRow(Base):
    """The working classifier of a boundary, which learns from each judged pair, in order.

    ``position`` is that of the newest outcome it has taken. ``candidate_id`` is the artefact that
    waits for held-out pairs: those that came after it.
    """

    __tablename__ = "learners"
    boundary: Column[str] = column(primary_key=True)
    artefact: Column[bytes]
    pairs: Column[int]
    position: Column[int]
    candidate_id: Column[int | None]
    updated_at: Column[dt.datetime] = set_by_database()


class RefitRow(Base):
    """One comparison of a candidate with the active model, whatever came of it."""

    __tablename__ = "refits"
    __table_args__ = (UniqueConstraint("boundary", "k"),)
    id: Column[int] = column(Identity(), primary_key=True)
    boundary: Column[str]
    k: Column[int]
    incumbent_id: Column[int]
    candidate_id: Column[int]
    first_position: Column[int]
    last_position: Column[int]
    pairs: Column[int]
    result: Column[Json]
    created_at: Column[dt.datetime] = set_by_database()


class TaskTypesRow(Base):
    """One version of the task types. At most one is active; gateways poll its version."""

    __tablename__ = "task_types"
    __table_args__ = (
        Index("uq_task_types_active", "active", unique=True, postgresql_where=text("active")),
    )
    version: Column[int] = column(primary_key=True, autoincrement=False)
    artefact: Column[bytes]
    names: Column[JsonList]
    evidence: Column[Json]
    mapping: Column[Json]
    active: Column[bool]
    created_at: Column[dt.datetime] = set_by_database()
