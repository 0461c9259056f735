"""What LiteLLM's auto-router logs of its decision: ``metadata.routing_decision`` of each record.

Its complexity router writes there which of its tiers and models it chose, why (``cause``), the
score, and the boundaries that the score was held against (litellm 1.108.7,
``StandardLoggingRoutingDecision`` in ``litellm/types/utils.py``). Its ``signals`` may quote the
prompt and are not read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.complexity import KEYS, LEVELS, read_boundaries
from tierwatch.routing.foreign.score import confidence_of_score
from tierwatch.wire.json_values import mapping, string

_COMPLEXITY: Final = "complexity"
# The score was held against the boundaries, and nothing else.
_BY_SCORE: Final = "heuristic_scorer"
_LONGEST: Final = 40
_NONE: Final[Mapping[str, float]] = MappingProxyType({})


class Routed(NamedTuple):
    """A logged decision.

    Attributes:
        model: the model group that was chosen; "" where no auto-router decided.
        confidence: that the cheaper tier suffices; None where no score decided.
        boundaries: that the score was held against; empty where there is none.
        by_rule: its cause, where that is none of score and boundaries.
    """

    model: str = ""
    confidence: float | None = None
    boundaries: Mapping[str, float] = _NONE
    by_rule: str = ""


def routed_of(record: Mapping[str, Any]) -> Routed:
    """What a record says of the auto-router that served it.

    >>> routed_of({"metadata": {"routing_decision": {
    ...     "router_type": "complexity", "routed_model": "fast", "cause": "heuristic_scorer",
    ...     "tier": "SIMPLE", "score": 0.125, "tier_boundaries": {}}}}).confidence
    0.875
    """
    decision = mapping(mapping(record.get("metadata")).get("routing_decision"))
    if string(decision.get("router_type")) != _COMPLEXITY:
        return Routed()
    model, cause = string(decision.get("routed_model")), string(decision.get("cause"))
    score = decision.get("score")
    try:
        boundaries = read_boundaries(decision.get("tier_boundaries"))
    except ForeignError:
        return Routed(model, by_rule="boundaries")
    if isinstance(score, bool) or not isinstance(score, int | float) or cause != _BY_SCORE:
        seen = boundaries if "tier_boundaries" in decision else _NONE
        return Routed(model, None, seen, (cause or "unsaid")[:_LONGEST])
    if string(decision.get("tier")) != level_of(float(score), boundaries):
        return Routed(model, None, boundaries, "moved")
    return Routed(model, confidence_of_score(float(score)), boundaries)


def level_of(score: float, boundaries: Mapping[str, float]) -> str:
    """The tier of LiteLLM's that a score means, as its ``_score_and_classify`` has it.

    >>> level_of(0.15, read_boundaries({}))
    'MEDIUM'
    """
    for level, key in zip(LEVELS, KEYS, strict=False):
        if score < boundaries[key]:
            return level
    return LEVELS[-1]
