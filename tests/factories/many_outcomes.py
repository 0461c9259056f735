"""Outcomes of conversations that go on over hours and days, drawn with a seed."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from factories import rows as put
from sqlalchemy import Connection

from tierwatch.loop.capture.exchange import new_exchange_id

BEGIN = dt.datetime(2026, 11, 20, 20, 30, tzinfo=dt.UTC)


class Drawn(NamedTuple):
    """What one outcome has."""

    at: dt.datetime
    session: str
    tier: str
    task_type: str
    direction: str
    pi: float
    loss: float
    contradicts: bool


def drawn_outcomes(seed: int, pairs: int = 60, *, days: float = 3.0) -> list[Drawn]:
    """Pairs of a few conversations over some days, in no order of arrival."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(pairs):
        contradicts = bool(rng.random() < 0.2)
        tier = ("simple", "standard")[int(rng.integers(2))]
        found.append(
            Drawn(
                at=BEGIN + dt.timedelta(days=float(rng.random()) * days),
                session=f"talk {int(rng.integers(pairs // 3))}",
                tier=tier,
                task_type=("sql", "chat")[int(rng.integers(2))],
                direction="up" if tier == "simple" or rng.random() < 0.5 else "down",
                pi=float(rng.uniform(0.05, 1)),
                loss=0.0 if contradicts else float(rng.random() < 0.3),
                contradicts=contradicts,
            )
        )
    return found


def put_outcomes(connection: Connection, drawn: Sequence[Drawn], **columns: object) -> None:
    """Insert them in the order given."""
    for number, one in enumerate(drawn):
        put.add_outcome(
            connection,
            number,
            one.loss,
            exchange_id=new_exchange_id(one.at.timestamp()),
            session=one.session,
            tier=one.tier,
            task_type=one.task_type,
            direction=one.direction,
            pi=one.pi,
            basis="swap_disagreement" if one.contradicts else "pairwise",
            **columns,
        )
