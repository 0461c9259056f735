"""The headers of replies: what they say of the exchange, and how their bodies are sent."""

import re
from collections.abc import Sequence

from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.route.route import Route
from tierwatch.routing.policy import UNFAMILIAR
from tierwatch.routing.tiers import Tier

Header = tuple[bytes, bytes]

# Servers in front hold replies to some kilobytes of headers.
_LONGEST = 500
_NOT_SAID = re.compile(r"[^!-+\--~]")

_UNLIKE_ANY: Header = (b"x-tierwatch-unfamiliar", b"true")

EVENTS: Sequence[Header] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx in front would hold the stream back
)


def json_body(body: bytes) -> list[Header]:
    """For a body of JSON, sent at once."""
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]


class ExchangeHeaders:
    """Writes the ``x-tierwatch-*`` headers. Used by every request at once."""

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self._by_tier = {(tier.name, tier.model): _tier_headers(tier) for tier in tiers}

    def of(self, asked: Asked, route: Route, ledger: Ledger, overhead_ms: float) -> list[Header]:
        """What a reply says of its exchange."""
        headers = [(b"x-tierwatch-request-id", str(asked.exchange_id).encode())]
        tier, turn = route.cache_tier or ledger.tier, route.turn
        if tier is not None:
            decision = ledger.decision or route.decision
            headers += self._by_tier.get((tier.name, tier.model)) or _tier_headers(tier)
            headers += [
                (b"x-tierwatch-confidence", b"%.4f" % decision.confidence),
                (b"x-tierwatch-policy-version", b"%d" % decision.policy_version),
            ]
            if decision.task_type == UNFAMILIAR:
                headers.append(_UNLIKE_ANY)
            if turn is not None and turn.held and tier.name == turn.decision.tier:
                headers.append((b"x-tierwatch-held", turn.move.encode()))
        if ledger.fitted and route.cache_tier is None:
            headers.append((b"x-tierwatch-fitted", _said(ledger.fitted)))
        headers.append((b"x-tierwatch-cache", route.lookup.status.encode()))
        headers.append((b"x-tierwatch-overhead-ms", b"%.3f" % overhead_ms))
        return headers


def _said(changes: Sequence[str]) -> bytes:
    r"""What was done to a request. Names of fields are the caller's, who may write what they like.

    >>> _said(("max_tokens<=9", "-a\r\nb, c"))
    b'max_tokens<=9, -a??b??c'
    """
    said = ", ".join(_NOT_SAID.sub("?", change) for change in changes)
    return said[:_LONGEST].encode()


def _tier_headers(tier: Tier) -> list[Header]:
    return [
        (b"x-tierwatch-tier", tier.name.encode("ascii", "replace")),
        (b"x-tierwatch-model", tier.model.encode("ascii", "replace")),
    ]
