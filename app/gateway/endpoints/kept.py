"""Responses by their id: shown and forgotten, here or by the provider that keeps them."""

from urllib.parse import quote

from tierwatch.errors import ProviderError
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.asgi import Reply, Request, json_reply
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.providers.failures import refusal
from tierwatch.providers.upstream import Upstream
from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.refusal import Refusal, refusal_for

# For a look-up that no model is asked for.
_WITHIN_S = 30.0
_LONGEST_ID = 200
# What a provider says of us or of itself, and not of what was asked for.
_OF_US = frozenset({401, 402, 403, 429})
_FAILED = 500
_NOT_FORGOTTEN = Refusal(
    503,
    "The response may still be found at another gateway: what they share cannot be reached. Delete"
    " it again later.",
    code="not_deleted",
)


class KeptEndpoint:
    """``GET`` and ``DELETE /v1/responses/{id}``. Used by every request at once.

    A caller finds the responses that were given under its own key, and nobody else's.

    Args:
        keys: what callers must show.
        responses: that were given.
        upstream: the providers, which may keep them.
    """

    def __init__(self, keys: Keys, responses: KeptResponses, upstream: Upstream) -> None:
        self._keys = keys
        self._responses = responses
        self._upstream = upstream

    async def show(self, request: Request) -> Reply:
        """The response, as it was given."""
        return await self._answer(request, "GET")

    async def forget(self, request: Request) -> Reply:
        """Whether it is forgotten now."""
        return await self._answer(request, "DELETE")

    async def _answer(self, request: Request, method: str) -> Reply:
        key, response_id = shown_key(request.headers), request.name
        refused = self._keys.refuse(key)
        if refused is not None:
            return _refused(refused)
        known = len(response_id) <= _LONGEST_ID
        found = await self._responses.find(key, response_id) if known else None
        if found is None:
            shown = response_id[:_LONGEST_ID]
            return _refused(Refusal(404, f"Response with id {shown!r} not found.", param="id"))
        if found.provider:
            reply = await self._asked(found.provider, method, request)
        elif method == "GET":
            return json_reply(found.response or {})
        else:
            reply = json_reply({"id": response_id, "object": "response", "deleted": True})
        if method == "GET" or reply.status not in {200, 404}:
            return reply
        gone = await self._responses.drop(key, response_id)
        return reply if gone else _refused(_NOT_FORGOTTEN)

    async def _asked(self, provider: str, method: str, request: Request) -> Reply:
        path = quote(request.name, safe="")
        if request.query:
            path += f"?{request.query.decode('latin-1')}"
        try:
            answer = await self._upstream.fetch(
                provider, method, path, wire=RESPONSES, within_s=_WITHIN_S
            )
            try:
                body = await answer.read_whole()
            finally:
                answer.close()
            if answer.status in _OF_US or answer.status >= _FAILED:
                raise refusal(provider, answer.status, {}, body)
        except ProviderError as error:
            return _refused(refusal_for(error))
        return Reply(body, answer.status)


def _refused(why: Refusal) -> Reply:
    return Reply(why.body(RESPONSES), why.status, headers=why.headers())
