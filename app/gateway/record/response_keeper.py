"""Keeping a response for the request that goes on from it by its id."""

from collections.abc import Mapping
from typing import Any

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.memory.kept_responses import Kept, KeptResponses
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.wire.json_values import objects, string


def keep_response(
    responses: KeptResponses,
    asked: Asked,
    served: ServedExchange,
    response: Mapping[str, Any],
) -> None:
    """Keep a response, unless its caller does not want that. Memory only.

    Args:
        responses: where to.
        asked: by the caller, with the whole conversation.
        served: nothing is kept of an answer that is not whole.
        response: as the caller got it.
    """
    response_id = string(response.get("id"))
    if asked.request.get("store") is False or not (served.finished and response_id):
        return
    given = asked.request.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)
    ours = response_id == asked.answer_id
    responses.keep(
        asked.key,
        response_id,
        Kept(
            provider="" if ours else served.provider,
            tier=served.served_tier,
            items=[*items, *objects(response.get("output"))],
            response=dict(response) if ours else None,
            session=served.session,
        ),
    )
