"""Checks with known answers: anchors put to judges, probes to tiers, simulations to the code."""

import datetime as dt

from sqlalchemy import CheckConstraint, Identity, Index, text

from tierwatch.store.documents import JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class EvalsetRunRow(Base):
    """One pass over an evalset: anchors put to the judge, or probes put to a tier.

    ``subject`` is the judge version or the tier. Whoever runs it holds it until ``until``.
    """

    __tablename__ = "evalset_runs"
    __table_args__ = (
        CheckConstraint("kind in ('anchors', 'probes')", name="kind"),
        Index("ix_evalset_runs_kind_subject_id", "kind", "subject", "id"),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    kind: Column[str]
    subject: Column[str]
    model: Column[str]
    set_version: Column[str]
    why: Column[str]
    started_at: Column[dt.datetime] = set_by_database()
    until: Column[dt.datetime]
    ended_at: Column[dt.datetime | None]


class AnchorVerdictRow(Base):
    """What the judge said of an anchor in one run; ``verdict`` NULL means unscored.

    ``asked`` is as in `schema.judgements.VerdictRow`.
    """

    __tablename__ = "anchor_verdicts"
    __table_args__ = (
        CheckConstraint("verdict in ('a', 'b', 'tie')", name="verdict"),
        Index("ix_anchor_verdicts_created_at", "created_at"),
    )
    run_id: Column[int] = column(primary_key=True, autoincrement=False)
    anchor_id: Column[str] = column(primary_key=True)
    truth: Column[str]
    verdict: Column[str | None]
    orders_agree: Column[bool | None]
    longer: Column[str]
    cost_usd: Column[float]
    asked: Column[JsonList] = column(server_default=text("'[]'::jsonb"))
    created_at: Column[dt.datetime] = set_by_database()


class ProbeAnswerRow(Base):
    """What a tier answered to a probe in one run; ``passed`` NULL means there was no answer."""

    __tablename__ = "probe_answers"
    __table_args__ = (Index("ix_probe_answers_created_at", "created_at"),)
    run_id: Column[int] = column(primary_key=True, autoincrement=False)
    probe_id: Column[str] = column(primary_key=True)
    passed: Column[bool | None]
    reply: Column[str]
    cost_usd: Column[float]
    created_at: Column[dt.datetime] = set_by_database()


class CertificateRow(Base):
    """What `tierwatch simulate` measured of the installed code."""

    __tablename__ = "certificates"
    id: Column[int] = column(Identity(), primary_key=True)
    quick: Column[bool]
    version: Column[str]
    seconds: Column[float]
    rows: Column[JsonList]
    created_at: Column[dt.datetime] = set_by_database()
