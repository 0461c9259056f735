"""A request that goes on from a response by its id: the conversation that it stands for."""

from typing import Any, NamedTuple

from tierwatch.gateway.asked import Continued
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.wire.refusal import Refusal

_ID = "previous_response_id"


class GoneOn(NamedTuple):
    """A request with what it goes on from.

    Attributes:
        request: with its whole conversation.
        continued: what its provider needs of that; None where no provider keeps it.
        session: the conversation; empty for a request that goes on from nothing.
    """

    request: dict[str, Any]
    continued: Continued | None = None
    session: str = ""


async def continued(request: dict[str, Any], key: bytes, kept: KeptResponses) -> GoneOn | Refusal:
    """The request with its whole conversation.

    Args:
        request: of the Responses wire, its types checked.
        key: that the caller showed: it finds its own responses and nobody else's.
        kept: responses by their ids.
    """
    response_id = request.get(_ID)
    if not response_id:
        return GoneOn(request)
    found = await kept.find(key, response_id)
    if found is None:
        return Refusal(
            404,
            f"Previous response with id {response_id[:100]!r} not found. Responses are kept for"
            " gateway.responses.ttl where the request did not say `store: false`; send the whole"
            " conversation as `input`.",
            code="previous_response_not_found",
            param=_ID,
        )
    given = request.get("input") or []
    new = [{"role": "user", "content": given}] if isinstance(given, str) else given
    whole = {name: value for name, value in request.items() if name != _ID}
    whole["input"] = [*found.items, *new]
    before = Continued(found.provider, response_id, new) if found.provider else None
    return GoneOn(whole, before, found.session)
