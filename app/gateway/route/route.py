"""What the routing step decides: who is to answer, and all that follows from the conversation."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.gateway.deployments.call import Key
from tierwatch.gateway.route.recall import Recalled
from tierwatch.routing.decision import Decision
from tierwatch.routing.stickiness import Turn
from tierwatch.routing.tiers import Price, Tier
from tierwatch.wire.cached_reply import CachedAnswer
from tierwatch.wire.usage import Usage, estimated_tokens, request_characters


class Route(NamedTuple):
    """How one request is to be answered.

    Attributes:
        decision: to be served: the router's, or that of the tier the conversation is held at.
        lookup: what the cache had, or where the answer is to be kept.
        recalled: what was known of the conversation.
        turn: what that made of the router's decision; None without a conversation, and where the
            cache has the answer.
        homes: tier -> the deployment that is asked first, which knows this conversation.
        spare: the tier that serves when nobody at or above the held one answers; None without one.
        cache_tier: stands for the cache where it has the answer; None where a provider is asked.
    """

    decision: Decision
    lookup: Lookup
    recalled: Recalled
    turn: Turn | None
    homes: Mapping[str, Key]
    spare: Tier | None
    cache_tier: Tier | None

    @property
    def cached(self) -> CachedAnswer | None:
        """The answer that was given before; None where a provider is to be asked."""
        return self.lookup.answer


class ClassifierBill:
    """What asking the classifier cost for one request. Written by the classifier alone.

    Apart from the `Route`, so that it stands when the caller leaves before there is one.

    Attributes:
        cost_usd: of all its replies, readable or not.
    """

    __slots__ = ("cost_usd",)

    def __init__(self) -> None:
        self.cost_usd = 0.0

    def add(self, request: Mapping[str, Any], usage: Usage, price: Price) -> None:
        """Count a reply; a prompt that nobody counted is estimated from its text."""
        if usage.prompt_tokens is None:
            usage = usage._replace(prompt_tokens=estimated_tokens(request_characters(request)))
        self.cost_usd += price.cost_usd(*usage.billed)
