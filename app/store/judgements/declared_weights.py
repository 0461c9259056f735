"""The largest weight that pairs may have had, from what was counted of all traffic."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from tierwatch.evaluation.thresholds.weight_caps import in_cents
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.traffic.boundary_traffic import weight_caps


class Drawn(NamedTuple):
    """How a pair was drawn: its confidence, pi, and its weight against a plain sample."""

    confidence: float
    pi: float
    weight: float


def declared_caps(
    connection: Connection, boundary: str, *, first: uuid.UUID | None, drawn: Sequence[Drawn]
) -> list[float]:
    """The largest weight of a boundary's pairs since the first one, for each confidence in cents.

    What was noted of all traffic since the day of the first pair (`weight_caps`), and never less
    than what was drawn. An older version noted nothing; there the cap is the largest weight against
    a plain sample over the smallest plain rate, both of the pairs that were drawn: it knows the
    plans of every moment of which there is a pair.

    Args:
        connection: any.
        boundary: the lower tier.
        first: exchange of the oldest pair.
        drawn: every pair.

    Returns:
        101 weights, as `evaluation.thresholds.weight_caps` takes them; zeros without pairs.
    """
    if not drawn:
        return [0.0] * 101
    unknown = max(one.weight for one in drawn) / min(one.weight * one.pi for one in drawn)
    arrived_at = connection.execute(
        select(ExchangeRow.arrived_at).where(ExchangeRow.id == first)
    ).scalar_one_or_none()
    # Days are counted in UTC; times come in the time zone that the server is set to.
    since = None if arrived_at is None else arrived_at.astimezone(dt.UTC).date()
    caps = weight_caps(connection, boundary, since=since, unknown=unknown)
    for cents, one in zip(in_cents([one.confidence for one in drawn]), drawn, strict=True):
        caps[cents] = max(caps[cents], 1 / one.pi)
    return caps


def largest_weight(
    connection: Connection, boundary: str, *, first: uuid.UUID | None, drawn: Sequence[Drawn]
) -> float | None:
    """The largest of `declared_caps`, for pairs that another model gives other confidences."""
    return max(declared_caps(connection, boundary, first=first, drawn=drawn)) if drawn else None
