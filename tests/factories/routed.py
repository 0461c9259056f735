"""Three tiers and requests whose gains are known by their confidences: what routing shows of them.

The higher tier's answer is better with chance ``.35 (1 - c)^1.5`` at the boundary simple|standard
and ``.25 (1 - c)^1.2`` at standard|complex, and worse with chance .01; a request that simple is
trusted with is one that standard is trusted with, ``c_simple <= c_standard``.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

import numpy as np
from factories.rows import JUDGE, NOW
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.loop.capture.direct.twins import twin_id
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.schema.exchanges import AlternativeRow, DirectPairRow, ExchangeRow
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow

Floats = NDArray[np.float64]

LADDER = ("simple", "standard", "complex")
COST_USD = {"simple": 0.001, "standard": 0.003, "complex": 0.010}
STEPS_USD = (0.002, 0.007)
_BETTER = 0.01
_LABEL = 0.5
_DOWN = 1 / 3


def requests(rng: np.random.Generator, n: int) -> Floats:
    """Confidences in simple and in standard, shape (n, 2)."""
    standard = rng.beta(4, 1.2, n)
    return np.column_stack([standard * rng.beta(3, 1.5, n), standard])


def worse(confidences: Floats) -> Floats:
    """Chance that the lower tier's answer is the worse one, at each boundary; shape (n, 2)."""
    doubt = 1 - confidences
    return np.column_stack([0.35 * doubt[:, 0] ** 1.5, 0.25 * doubt[:, 1] ** 1.2])


def true_loss(thresholds: Sequence[float], seed: int = 0) -> float:
    """What thresholds lose against always complex, over 400,000 requests."""
    confidences = requests(np.random.default_rng(seed), 400_000)
    served = np.logical_or.accumulate(confidences >= np.asarray(thresholds), axis=1)
    gained: Floats = worse(confidences) - _BETTER
    return float((gained * served).mean(axis=0).sum())


def routed(
    rng: np.random.Generator,
    n: int,
    *policies: Sequence[float],
    times: float = 1.0,
    sampled: bool = False,
    direct: float = 1.0,
) -> RoutedPairs:
    """The pairs of n requests under each policy in turn, each request drawn as sampling draws it.

    Args:
        rng: of everything.
        n: requests a policy.
        policies: thresholds of simple and standard.
        times: how often the lower answers are worse, against `worse`.
        sampled: only half of what has a confidence above .8 is in the sample, at weight 2.
        direct: share of what simple serves that is compared with complex as well.
    """
    columns: list[list[NDArray[np.generic]]] = []
    for version, thresholds in enumerate(policies):
        c = requests(rng, n)
        served = (~np.logical_or.accumulate(c >= np.asarray(thresholds), axis=1)).sum(axis=1)
        labels = np.logical_and.accumulate(c < _LABEL, axis=1).sum(axis=1)
        middle = (served == 1) & (served > labels)
        down = (served == 2) | (middle & (rng.uniform(size=n) < _DOWN))
        pi = np.where(middle, np.where(down, _DOWN, 1 - _DOWN), 1.0)
        if sampled:
            pi = pi * np.where(c.max(axis=1) > 0.8, 0.5, 1.0)
        boundaries = np.where(down, served - 1, served)
        chance = worse(c)[np.arange(n), boundaries] * times
        drawn = rng.uniform(size=n)
        gains = (drawn < chance).astype(float) - (drawn > 1 - _BETTER)
        # A stream of its own: the other columns are what they are without it.
        (apart,) = rng.spawn(1)
        drawn = apart.uniform(size=n)
        against_top = (drawn < worse(c).sum(axis=1) * times).astype(float) - (
            drawn > 1 - 2 * _BETTER
        )
        too = (served == 0) & (apart.uniform(size=n) < direct)
        top = np.where(too, against_top, np.nan)
        one = (c, served, boundaries, labels, gains, 1 / pi, np.full(n, version), top)
        kept = rng.uniform(size=n) < (np.where(c.max(axis=1) > 0.8, 0.5, 1.0) if sampled else 1)
        columns.append([column[kept] for column in one])
    *pairs, top = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    weights = pairs[5] / direct if direct else None
    return RoutedPairs(*pairs, policies, top, weights)


def store_routed(
    connection: Connection, pairs: RoutedPairs, *, versions: Sequence[int] = (1,)
) -> None:
    """Pairs as rows: exchanges, shadow answers, verdicts and outcomes, each of its own session.

    Direct comparisons become twins, each with a verdict.
    """
    newest = connection.execute(select(func.coalesce(func.max(OutcomeRow.id), 0))).scalar_one()
    exchanges, alternatives, verdicts, outcomes, direct_pairs = [], [], [], [], []
    columns = (
        np.asarray(column).tolist()
        for column in (
            pairs.confidences,
            pairs.served,
            pairs.boundaries,
            pairs.labels,
            pairs.gains,
            pairs.weights,
            pairs.policies,
            pairs.direct,
            pairs.direct_weights,
        )
    )
    first: uuid.UUID = new_exchange_id(NOW.timestamp())
    for number, row in enumerate(zip(*columns, strict=True), newest + 1):
        confidences, served, boundary, label, gain, weight, policy, direct, direct_weight = row
        exchange_id = uuid.UUID(int=first.int + number)
        tier, up = LADDER[served], served == boundary
        other = LADDER[boundary + 1 if up else boundary]
        # Gains are the higher tier's.
        preferred = "tie" if gain == 0 else "alternative" if (gain > 0) == up else "served"
        common = {"exchange_id": exchange_id, "judge_version": JUDGE}
        exchanges.append(
            {
                "id": exchange_id,
                "request_no": number,
                "arrived_at": NOW + dt.timedelta(seconds=number),
                "session": f"session {number}",
                "tier": tier,
                "model": f"{tier}-1",
                "provider": "lab",
                "label": LADDER[label],
                "confidence": confidences[min(boundary, 1)],
                "confidences": dict(zip(LADDER, confidences, strict=False)),
                "threshold": 0.7,
                "escalated": served > label,
                "task_type": "all",
                "policy_version": versions[policy],
                "reason": "kept",
                "direction": "up" if up else "down",
                "alternative_tier": other,
                "rate": 1.0,
                "pi": 1 / weight,
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "cost_usd": COST_USD[tier],
                "latency_ms": 500.0,
                "ended_at": NOW,
            }
        )
        alternatives.append(
            {
                "exchange_id": exchange_id,
                "tier": other,
                "model": f"{other}-1",
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "cost_usd": COST_USD[other],
                "latency_ms": 500.0,
            }
        )
        verdicts.append(
            common
            | {
                "preferred": preferred,
                "basis": "pairwise",
                "reason": "",
                "unscored_why": "",
                "orders": [],
                "cost_usd": 0.0,
                "calls": 2,
                "latency_ms": 1.0,
            }
        )
        outcomes.append(
            common
            | {
                "session": f"session {number}",
                "request_no": number,
                "tier": tier,
                "task_type": "all",
                "boundary": LADDER[boundary],
                "direction": "up" if up else "down",
                "stream": f"{tier}|all|p{versions[policy]}|{tier}-1|{JUDGE}",
                "policy_version": versions[policy],
                "confidence": confidences[boundary],
                "pi": 1 / weight,
                "weight": weight,
                "loss": float(gain > 0),
                "basis": "pairwise",
            }
        )
        if not np.isnan(direct):
            twin = {
                "id": twin_id(exchange_id, LADDER[-1]),
                "direction": "top",
                "alternative_tier": LADDER[-1],
                "pi": 1 / direct_weight,
            }
            exchanges.append(exchanges[-1] | twin)
            alternatives.append(
                alternatives[-1]
                | {
                    "exchange_id": twin["id"],
                    "tier": LADDER[-1],
                    "model": f"{LADDER[-1]}-1",
                    "cost_usd": COST_USD[LADDER[-1]],
                }
            )
            said = "tie" if direct == 0 else "alternative" if direct > 0 else "served"
            verdicts.append(verdicts[-1] | {"exchange_id": twin["id"], "preferred": said})
            direct_pairs.append(
                {
                    "exchange_id": exchange_id,
                    "tier": LADDER[-1],
                    "twin_id": twin["id"],
                    "share": weight / direct_weight,
                    "pi": 1 / direct_weight,
                }
            )
    for table, rows in (
        (ExchangeRow, exchanges),
        (AlternativeRow, alternatives),
        (VerdictRow, verdicts),
        (OutcomeRow, outcomes),
        (DirectPairRow, direct_pairs),
    ):
        if rows:
            connection.execute(insert(table), rows)
