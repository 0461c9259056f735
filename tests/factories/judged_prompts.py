"""Judged prompts of two kinds, whose rates of misroutes differ or not."""

import datetime as dt
import random

from factories.rows import add_exchange, add_outcome
from sqlalchemy import Engine

NOW = dt.datetime.now(dt.UTC)


WORDS = {
    "sql": "select table join query index database column rows".split(),  # noqa: SIM905 - prose
    "poem": "rhyme verse stanza spring moon sonnet metaphor lyric".split(),  # noqa: SIM905 - prose
}


def judge_prompts(
    engine: Engine, pairs: int, rates: dict[str, float], *, seed: int = 0, start: int = 0
) -> None:
    """Store prompts of both kinds, judged; ``rates`` says how often a kind is worse."""
    rng = random.Random(seed)
    with engine.begin() as connection:
        for number in range(start, start + pairs):
            kind = rng.choice(list(WORDS))
            exchange_id = add_exchange(
                connection, number, question=" ".join(rng.sample(WORDS[kind], 5))
            )
            loss = float(rng.random() < rates[kind])
            add_outcome(connection, number, loss, exchange_id=exchange_id)


DIFFERENT = {"sql": 0.7, "poem": 0.1}


ALIKE = {"sql": 0.3, "poem": 0.3}
