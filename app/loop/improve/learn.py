"""Learn: teach each boundary's working classifier the pairs that were judged, in order, once each.

It runs whatever classifier decides: a pair costs a tenth of a millisecond, and whoever switches to
kind ``local`` later finds a model that is ready to be compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.store.learned.judged_pairs import JudgedPair, judged_pairs, newest_position, put_said
from tierwatch.store.learned.learners import Learner, load_learner, move_learner, put_learner
from tierwatch.store.locks import try_lock

# One learner at a time: the order of the pairs is part of what is learned.
_LOCK = 7_431_206
# Pairs a transaction takes: a tenth of a second of learning, 1 MiB to write once.
_BATCH = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LearnRules:
    """How the working classifiers learn.

    Attributes:
        boundaries: every tier but the top one.
        judge_version: whose verdicts are learned.
        base_rate: the sampling rate; a pair's weight is ``base_rate / pi``. That is 1 / pi but
            for a constant, which keeps an evenly drawn pair at the weight 1 for which the
            learning rate was chosen.
    """

    boundaries: Sequence[str]
    judge_version: str
    base_rate: float


def learn(*, engine: Engine, rules: LearnRules) -> int:
    """Learn every observed pair that was not learned yet.

    A classifier and the position it has reached are written together, so a pair counts once
    whatever is redelivered. A pair whose text is gone is passed over. What the classifier said of
    a pair just before is written down beside it, for `loop.improve.offsets`.

    Returns:
        How many pairs were learned.
    """
    return sum(_learn_boundary(engine, boundary, rules) for boundary in rules.boundaries)


def _learn_boundary(engine: Engine, boundary: str, rules: LearnRules) -> int:
    learned = 0
    while True:
        with engine.begin() as connection:
            if not try_lock(connection, _LOCK):
                return learned
            taken, more = _learn_batch(connection, boundary, rules)
        learned += taken
        if not more:
            return learned


def _learn_batch(connection: Connection, boundary: str, rules: LearnRules) -> tuple[int, bool]:
    """Learn one batch; says how many pairs were learned and whether there are more."""
    row = load_learner(connection, boundary)
    working, reached = _working(row, boundary)
    until = newest_position(connection)
    if until <= reached:
        return 0, False
    pairs = judged_pairs(
        connection,
        boundary,
        judge_version=rules.judge_version,
        after=reached,
        until=until,
        limit=_BATCH,
    )
    more = len(pairs) == _BATCH
    # What lies behind the last pair of a short batch concerns other boundaries or judges.
    reached = pairs[-1].position if more else until
    if not pairs:
        move_learner(connection, boundary, reached)
        return 0, False
    said = teach(working, pairs, base_rate=rules.base_rate)
    put_said(connection, {at: odds for at, odds in said.items() if odds is not None})
    put_learner(
        connection, boundary, artefact=working.to_bytes(), pairs=working.pairs, position=reached
    )
    return len(said), more


def teach(
    classifier: LocalClassifier, pairs: Iterable[JudgedPair], *, base_rate: float
) -> dict[int, tuple[float, float] | None]:
    """Teach pairs that still have their text.

    Returns:
        By position of each that was learned, the log-odds the classifier gave just before: what
        it says of prompts it has not seen. None while it has too few pairs to give any.
    """
    said = {}
    for pair in pairs:
        if pair.text is not None:
            said[pair.position] = classifier.log_odds(pair.text)
            classifier.learn(pair.text, pair.verdict, base_rate / pair.pi)
    return said


def _working(row: Learner | None, boundary: str) -> tuple[LocalClassifier, int]:
    """The working classifier and the position it has reached.

    Where the stored one cannot be used (corrupt, or made with the features of another version),
    all pairs that still have their text are learned again.
    """
    if row is None:
        return LocalClassifier(), 0
    try:
        return LocalClassifier.from_bytes(row.artefact), row.position
    except ArtefactError as problem:
        _log.error("working classifier begins anew", boundary=boundary, problem=str(problem))
        return LocalClassifier(), 0
