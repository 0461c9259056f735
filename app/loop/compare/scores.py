"""Scores: a verdict on an exchange that stands in somebody's traces is queued to go back there."""

import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from tierwatch.evaluation.sampling.score import Score, score_of
from tierwatch.judges.verdict import Verdict
from tierwatch.store.traced.scores import ScoreDocument, queue_score
from tierwatch.store.traced.their_span import TheirSpan, source_of, their_span
from tierwatch.store.traffic.exchanges import Exchange, StoredPair


class ScorePlace(NamedTuple):
    """A place that scores go back to.

    Attributes:
        name: what its deliveries are kept by.
        takes: whether scores of a source go there; "" is the gateway.
    """

    name: str
    takes: Callable[[str], bool]


def queue_scores(
    connection: Connection, pair: StoredPair, verdict: Verdict, places: Sequence[ScorePlace]
) -> int:
    """Queue a verdict's score at each place that takes it; at how many.

    None where the verdict is unscored, or the exchange stands in nobody's traces.

    Args:
        connection: in the transaction that stores the verdict.
        pair: that was judged.
        verdict: on it.
        places: where scores go.
    """
    headers = None if pair.asked is None else pair.asked.headers
    theirs = their_span(headers)
    if theirs is None or verdict.preferred is None:
        return 0
    source = source_of(headers)
    names = [place.name for place in places if place.takes(source)]
    score = score_of(verdict.preferred, direction=pair.exchange.direction)
    body = _document(pair.exchange, theirs, score, verdict.judge_version)
    queue_score(connection, pair.exchange.id, body, names)
    return len(names)


def score_id(exchange_id: uuid.UUID) -> str:
    """What a score is called there: the same however often it is sent.

    >>> score_id(uuid.UUID(int=1))
    'tierwatch-00000000-0000-0000-0000-000000000001'
    """
    return f"tierwatch-{exchange_id}"


def _document(exchange: Exchange, theirs: TheirSpan, score: Score, judge: str) -> ScoreDocument:
    return {
        "id": score_id(exchange.id),
        "trace_id": theirs.trace_id,
        # A caller's own span is more than the exchange, which is a child of it.
        "span_id": theirs.span_id if theirs.source else "",
        "name": score.name,
        "value": score.value,
        "label": score.label,
        "comment": comment_of(exchange, score),
        "judge": judge,
    }


def comment_of(exchange: Exchange, score: Score) -> str:
    """What the score rests on, in a sentence that quotes nobody."""
    compared = f"{exchange.model} ({exchange.tier}) against {exchange.alternative_tier}"
    if score.label == "inconclusive":
        return f"{compared}: the judge's two orders contradict each other."
    said = {
        "up": ("no worse", "materially worse"),
        "down": ("materially better", "no better"),
        "top": ("no worse", "materially worse"),
    }[exchange.direction][int(score.value)]
    return f"{compared}: the answer was {said}."
