"""Checks with known answers: anchors put to judges, probes to tiers, simulations to the code."""

import datetime as dt

from sqlalchemy import CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import JsonList
from tierwatch.store.schema.declarative import Base, set_by_database


class EvalsetRunRow(Base):
    """One pass over an evalset: anchors put to the judge, or probes put to a tier.

    ``subject`` is the judge version or the tier. Whoever runs it holds it until ``until``.
    """

    __tablename__ = "evalset_runs"
    __table_args__ = (
        CheckConstraint("kind in ('anchors', 'probes')", name="kind"),
        Index("ix_evalset_runs_kind_subject_id", "kind", "subject", "id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    model: Mapped[str]
    set_version: Mapped[str]
    why: Mapped[str]
    started_at: Mapped[dt.datetime] = set_by_database()
    until: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class AnchorVerdictRow(Base):
    """What the judge said of an anchor in one run; ``verdict`` NULL means unscored."""

    __tablename__ = "anchor_verdicts"
    __table_args__ = (
        CheckConstraint("verdict in ('a', 'b', 'tie')", name="verdict"),
        Index("ix_anchor_verdicts_created_at", "created_at"),
    )
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    anchor_id: Mapped[str] = mapped_column(primary_key=True)
    truth: Mapped[str]
    verdict: Mapped[str | None]
    orders_agree: Mapped[bool | None]
    longer: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()


class ProbeAnswerRow(Base):
    """What a tier answered to a probe in one run; ``passed`` NULL means there was no answer."""

    __tablename__ = "probe_answers"
    __table_args__ = (Index("ix_probe_answers_created_at", "created_at"),)
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    probe_id: Mapped[str] = mapped_column(primary_key=True)
    passed: Mapped[bool | None]
    reply: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()


class CertificateRow(Base):
    """What `tierwatch simulate` measured of the installed code."""

    __tablename__ = "certificates"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    quick: Mapped[bool]
    version: Mapped[str]
    seconds: Mapped[float]
    rows: Mapped[JsonList]
    created_at: Mapped[dt.datetime] = set_by_database()
