"""What a judge is asked and what it says: a question, two answers, a verdict."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Answer = dict[str, Any]
"""An OpenAI assistant message: ``content`` (text, parts or None) and perhaps ``tool_calls``."""

Preferred = Literal["served", "alternative", "tie"]
# What two orders come to: where they contradict each other nothing has been said.
Decided = Preferred | Literal["inconclusive"]
Order = Literal["served_first", "alternative_first"]

# Why there is no verdict begins with one of these words and a colon, so that pairs can be counted.
UNREADABLE, TOO_LONG, FILTERED = "unreadable", "too_long", "filtered"
INCOMPLETE, NOT_RECORDED = "incomplete", "not_recorded"


@dataclass(frozen=True, slots=True)
class Question:
    """What both answers replied to.

    Attributes:
        messages: the conversation in OpenAI's chat form.
        tools: tools that were offered, or None.
        response_format: the form the answer had to have, or None.
        contexts: retrieved passages the answer should rest on; empty for most traffic.
    """

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None
    contexts: tuple[str, ...] = ()

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> "Question":
        """Read a chat request.

        Retrieved passages are taken from ``documents`` (a list of texts, or of objects with
        ``text`` or ``content``: the form Cohere and vLLM know), and from ``metadata.contexts`` (a
        list of texts, or that list as JSON text, since OpenAI's metadata holds text only).
        Anything of another shape counts as absent: stored traffic is judged, never refused.
        """
        response_format = request.get("response_format")
        return cls(
            messages=_objects(request.get("messages")),
            tools=_objects(request.get("tools")) or None,
            response_format=response_format if isinstance(response_format, dict) else None,
            contexts=_contexts(request),
        )


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """What the judge said in one order.

    Attributes:
        order: which answer came first.
        preferred: what it said; None when that cannot be read.
        reason: its words, or why they cannot be read.
        raw: the first 2,000 characters of its reply.
        notes: the first 2,000 characters of the criteria and the answer that it was shown beside
            the pair; empty where it was shown none.
        judge: version of the judge that said it, where several were asked; else empty.
        cut: characters it was not shown, by part (``served``, ``alternative``, ``tools`` and those
            of `shown.pieces.Part`); empty where it was shown everything.
    """

    order: Order
    preferred: Preferred | None
    reason: str
    raw: str
    cut: Mapping[str, int] = field(default_factory=dict)
    notes: str = ""
    judge: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one of several judges made of a pair, and what asking it took; see `Verdict`."""

    judge: str
    preferred: Decided | None
    basis: str
    why: str
    cost_usd: float
    calls: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a pair.

    Attributes:
        preferred: the materially better answer, ``tie``, ``inconclusive`` where the two orders
            contradict each other, or None: unscored.
        basis: what decided: ``identical``, ``empty``, ``tool_calls``, ``invalid_json``,
            ``pairwise``, ``swap_disagreement``, ``one_order``, ``recorded`` or ``ragas``.
        reason: one or two sentences a person can check.
        orders: what was said in each order; empty where no order was asked.
        judge_version: version of the judge that was asked for the verdict. Checks that come first
            carry it too, so that one judge is one series of outcomes.
        unscored_why: why there is no verdict, see `UNREADABLE`; empty when there is one.
        cost_usd: what the calls cost; 0 where the price is not known.
        calls: calls made to models.
        latency_ms: time spent in those calls.
        asked: each judge that was asked, where there are several; the verdict is the last one's.
        scores: named scores of both answers in [0, 1], for judges that score; else None.
    """

    preferred: Decided | None
    basis: str
    reason: str
    judge_version: str
    orders: tuple[OrderVerdict, ...] = ()
    unscored_why: str = ""
    cost_usd: float = 0.0
    calls: int = 0
    latency_ms: float = 0.0
    scores: Mapping[str, float] | None = field(default=None)
    asked: tuple[Asked, ...] = ()


class Judge(Protocol):
    """Compares the two answers of a pair."""

    @property
    def version(self) -> str:
        """Kind, prompt version and model, in short. A change of it makes other measurements."""

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Say which answer is materially better, if any.

        A reply that cannot be read is a verdict with ``preferred`` None, never a guess.

        Raises:
            ProviderError: the judge's provider did not answer; the worker tries again.
        """


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _contexts(request: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = request.get("metadata")
    named = metadata.get("contexts") if isinstance(metadata, dict) else None
    if isinstance(named, str):
        try:
            named = json.loads(named)
        except (ValueError, RecursionError):
            named = None
    documents = request.get("documents")
    passages = [
        _passage(item)
        for source in (documents, named)
        if isinstance(source, list)
        for item in source
    ]
    return tuple(passage for passage in passages if passage.strip())


def _passage(item: object) -> str:
    if isinstance(item, dict):
        item = item.get("text") or item.get("content")
    return item if isinstance(item, str) else ""
