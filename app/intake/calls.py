"""A call: one answered request as its source reports it, whatever the format. Pure values.

Readers of all sources yield these and nothing else. What a source does not say stays empty: a
reader never fills in what it would have to guess.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from tierwatch.loop.capture.admission.outside import (
    NO_ANSWER,
    NO_QUESTION,
    OTHER_KIND,
    PARAMETERS_UNSEEN,
    TRUNCATED,
)
from tierwatch.store.documents import Json
from tierwatch.store.traffic.sources import REPEAT
from tierwatch.wire.chat import OPENAI

__all__ = [
    "ATTEMPT",
    "BAD_LINE",
    "CLOCK",
    "FRAME",
    "NO_ANSWER",
    "NO_QUESTION",
    "OTHER",
    "OTHER_KIND",
    "OUTSIDE_WORDS",
    "PARAMETERS_UNSEEN",
    "REPEAT",
    "TRUNCATED",
    "UNPLACED",
    "Call",
    "Counted",
    "Readings",
    "together",
]

# Why a call that was read cannot be evidence: the words that readers may say.
OUTSIDE_WORDS: Final = (NO_QUESTION, NO_ANSWER, TRUNCATED, PARAMETERS_UNSEEN, OTHER_KIND)
# Counted under its source alone: neither its alias nor its model is a tier of `watch`.
UNPLACED: Final = "intake_unplaced"

# What was passed over, by kind.
FRAME: Final = "frame"  # an agent's run or step: it repeats what its calls say
BAD_LINE: Final = "bad_line"  # not what the format says
OTHER: Final = "other"  # spans and events that are no call of a model
ATTEMPT: Final = "attempt"  # a failed try of a request that another call answered

CLOCK: Final = "clock"  # counted as of its arrival: its source's clock cannot be right

Counted: TypeAlias = Mapping[str, int]


class Call(NamedTuple):
    """One call of a model, or one request of several attempts where the source knows which.

    Attributes:
        source_id: unique within the source, the same however often the source sends it.
        trace: what the attempts of one request share; "" where nothing says so.
        session: the conversation, as the source names it; "" where it names none.
        started_at: seconds since 1970, by the source's clock.
        asked: alias or model that the caller named; "" where only the answer's is known.
        model: who answered, without a provider in front; "" where nobody did.
        provider: as the source names it; "" where it does not.
        wire: that ``request`` is written for (a name of `wire.wires`).
        request: the body as on that wire, as far as the source saw it.
        answer: the assistant message in OpenAI's form; None where there is none.
        finish_reason: in OpenAI's words; None where nobody said one.
        finished: whether the answer is known to be whole. False in doubt.
        status: of HTTP; 200 for an answer, 502 for a failure whose status is not known.
        error: why there is no answer; "" where there is one.
        prompt_tokens: everything that was read; cached and written ones are parts of it. None
            where nobody counted.
        completion_tokens: everything that was written. None where nobody counted.
        cached_tokens: read from the provider's prompt cache.
        cache_write_tokens: put into it.
        tokens_estimated: whether the counts are somebody's guess and not the provider's.
        cost_usd: as the source says; None where it does not, and prices of `watch` apply.
        latency_ms: from the request to the end of the answer.
        first_byte_ms: to its begin; 0 where the source does not say.
        fallbacks: other deployments that were tried before the one that answered.
        confidence: of the source's own router in the model it chose, in [0, 1]; None where it
            logs none.
        boundaries: by which the source's router decided, as it logs them; empty where it does not.
        by_rule: why its score did not decide, in the router's words; "" where it did, or nothing
            is known.
        outside: why the call cannot be evidence, as far as the reader knows; "" where it can.
        user: the end user as the source names them; never stored as text, only for a session.
        tags: what the source tagged the call with.
        their_trace: the trace that its source has it in, as it is named there; "" where it names
            none.
        their_span: the call itself in that trace.
        prompt_version: of the prompt, as the source names it; "" where it names none.
    """

    source_id: str
    trace: str
    session: str
    started_at: float
    asked: str
    model: str
    provider: str
    request: Json
    answer: Json | None
    finish_reason: str | None
    finished: bool
    wire: str = OPENAI
    status: int = 200
    error: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    tokens_estimated: bool = False
    cost_usd: float | None = None
    latency_ms: float = 0.0
    first_byte_ms: float = 0.0
    fallbacks: int = 0
    confidence: float | None = None
    boundaries: Mapping[str, float] = MappingProxyType({})
    by_rule: str = ""
    outside: str = ""
    user: str = ""
    tags: tuple[str, ...] = ()
    their_trace: str = ""
    their_span: str = ""
    prompt_version: str = ""


class Readings(NamedTuple):
    """What a batch was read as.

    Attributes:
        calls: in the order of the batch.
        counted: what was passed over, by kind.
    """

    calls: tuple[Call, ...] = ()
    counted: Counted = MappingProxyType({})


def together(readings: Iterable[Readings]) -> Readings:
    """Several readings as one; their counts are added.

    >>> together([Readings((), {"frame": 1}), Readings((), {"frame": 2, "repeat": 1})]).counted
    {'frame': 3, 'repeat': 1}
    """
    calls: list[Call] = []
    counted: Counter[str] = Counter()
    for one in readings:
        calls.extend(one.calls)
        counted.update(one.counted)
    return Readings(tuple(calls), dict(counted))
