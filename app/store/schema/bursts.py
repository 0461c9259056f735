"""Which segments are, or were, sampled more densely than planned."""

import datetime as dt

from sqlalchemy import CheckConstraint, text

from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class BurstRow(Base):
    """The newest burst of a segment: a tier with a task type, ``*`` for all of them.

    ``asked`` is the density it is sampled with where money allows, ``density`` the one it has.
    Gateways sample by it until ``until``, and whoever watches prolongs that while the suspicion
    lasts: should nobody, it is over then. ``ended_at`` is written when it is known to be over.
    ``times`` counts the segment's bursts. ``asked_until`` is where ``asked_by`` asked for it by
    hand: it is prolonged until then, whatever the monitors know.
    """

    __tablename__ = "bursts"
    __table_args__ = (CheckConstraint("density >= 1 and asked >= density", name="density"),)
    tier: Column[str] = column(primary_key=True)
    task_type: Column[str] = column(primary_key=True)
    density: Column[float]
    asked: Column[float]
    statistic: Column[float]
    level: Column[float]
    times: Column[int] = column(server_default=text("1"))
    started_at: Column[dt.datetime] = set_by_database()
    until: Column[dt.datetime]
    ended_at: Column[dt.datetime | None]
    why_ended: Column[str] = column(server_default=text("''"))
    asked_until: Column[dt.datetime | None]
    asked_by: Column[str | None]
