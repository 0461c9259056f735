"""Conversations that a provider keeps: Anthropic's message threads."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.refusal import Refusal

_REFUSED = Refusal(
    400,
    "thread: this gateway may serve each turn with another model, which does not have the thread."
    " Accepted: requests with all their messages, or the name of a model at one provider of kind"
    " anthropic.",
    param="thread",
    details={"error_code": "thread_unsupported_request", "unsupported": ["thread"]},
)


class Threads:
    """Which requests may go on with a thread.

    A thread stands at one provider, for one model. Only a request that names a model which is
    served at one place, on Anthropic's wire, is sure to come back there. Others are refused in the
    words on which Anthropic's SDKs go on by themselves, with whole histories.

    Args:
        tiers: with their deployments.
        kinds: provider -> the wire it speaks.
    """

    def __init__(self, tiers: Sequence[Tier], kinds: Mapping[str, str]) -> None:
        self._kept = frozenset(
            tier.model
            for tier in tiers
            if [kinds.get(place.provider) for place in tier.served_at()] == [ANTHROPIC]
        )

    def refusal(self, wire: str, request: Mapping[str, Any], called: str) -> Refusal | None:
        """Why a request cannot be a part of a thread; None for one that is no part, or can be."""
        if wire != ANTHROPIC or not request.get("thread") or called in self._kept:
            return None
        return _REFUSED
