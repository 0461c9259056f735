"""Judged and observed pairs in bulk, about prompts of which some words tell the verdict."""

import random
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from factories.rows import JUDGE, add_exchange
from sqlalchemy import Connection, delete, func, insert, select

from tierwatch.evaluation.sampling.outcome import lower_verdict
from tierwatch.store.schema.exchanges import ExchangeRow, ExchangeTextRow
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow

HARD = ("prove", "theorem", "integral", "derive", "lemma", "topology")
EASY = ("capital", "colour", "weather", "greeting", "synonym", "spelling")


def prompts(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Prompts with what a pair about each gives; one in ten verdicts is the other one."""
    rng = random.Random(seed)
    for number in range(count):
        hard = rng.random() < 0.4
        words = rng.sample(HARD if hard else EASY, 2)
        worse = hard if rng.random() < 0.9 else not hard
        yield f"Please {words[0]} the {words[1]} number {number % 7}", "worse" if worse else "tie"


def add_judged(
    connection: Connection,
    pairs: Sequence[tuple[str, str]],
    *,
    boundary: str = "simple",
    direction: str = "up",
    observed: bool = True,
    **changes: Any,
) -> list[uuid.UUID]:
    """Judged pairs about a boundary, and what the monitors took of them.

    Args:
        connection: any.
        pairs: text and verdict of the lower tier's answer.
        boundary: the lower tier.
        direction: ``up``: it served; ``down``: the tier above it did.
        observed: whether the outcomes have their positions.
        changes: columns of the outcomes.
    """
    tier = (
        boundary if direction == "up" else {"simple": "standard", "standard": "complex"}[boundary]
    )
    newest = connection.execute(
        select(func.coalesce(func.max(OutcomeRow.position), 0))
    ).scalar_one()
    ids, verdicts, outcomes, exchanges, texts = [], [], [], [], []
    first = add_exchange(connection, newest + 1, tier=tier, direction=direction)
    like = select(ExchangeRow.__table__).where(ExchangeRow.id == first)
    template = dict(connection.execute(like).one()._mapping)
    for table in (ExchangeTextRow, ExchangeRow):
        connection.execute(delete(table).where(table.id == first))
    for number, (text, verdict) in enumerate(pairs, 1):
        exchange_id = uuid.UUID(int=template["id"].int + newest + number)
        ids.append(exchange_id)
        session = f"session {newest + number}"
        exchanges.append(template | {"id": exchange_id, "session": session})
        texts.append(
            {
                "id": exchange_id,
                "request": {"messages": [{"role": "user", "content": text}]},
                "answer": {"role": "assistant", "content": "4"},
            }
        )
        preferred = next(
            said
            for said in ("served", "alternative", "tie")
            if lower_verdict(said, direction=direction) == verdict
        )
        verdicts.append(
            {
                "exchange_id": exchange_id,
                "judge_version": JUDGE,
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
            {
                "exchange_id": exchange_id,
                "judge_version": JUDGE,
                "session": session,
                "request_no": newest + number,
                "tier": tier,
                "task_type": "all",
                "boundary": boundary,
                "direction": direction,
                "stream": f"{tier}|all|p1|{tier}-1|{JUDGE}",
                "policy_version": 1,
                "confidence": 0.8,
                "pi": 1.0,
                "weight": 1.0,
                "loss": float(verdict == "worse"),
                "basis": "pairwise",
                "position": newest + number if observed else None,
                "observation": newest + number if observed else None,
            }
            | changes
        )
    connection.execute(insert(ExchangeRow), exchanges)
    connection.execute(insert(ExchangeTextRow), texts)
    connection.execute(insert(VerdictRow), verdicts)
    connection.execute(insert(OutcomeRow), outcomes)
    return ids
