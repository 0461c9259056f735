"""Which conversation a request is a turn of, or beside which one it was asked."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.config import Config, Secret
from tierwatch.errors import SettingsError
from tierwatch.gateway.accept.openings import Openings, letters
from tierwatch.gateway.accept.session_names import named_session
from tierwatch.gateway.accept.side_calls import agent_of, side_call
from tierwatch.gateway.asked import Headers

# Longer names are told apart by a digest; they are compared, stored and shown.
_LONGEST_NAME = 128
# Letters of a digest of 16 bytes, and the sign before them.
_DIGEST = 33


class Conversation(NamedTuple):
    """Where a request belongs.

    Attributes:
        session: the conversation: the caller's name for it, else one made of how it began.
        named: whether the caller named it.
        side_call: what a program asked beside it; empty for a turn of it.
    """

    session: str
    named: bool
    side_call: str


class Conversations:
    """Tells conversations apart. Used by every request of all wires at once.

    Args:
        secret: of this deployment: names that are made say nothing to who does not have it. The
            same in all its gateways, or each has names of its own.
    """

    def __init__(self, secret: bytes) -> None:
        self._openings = Openings(secret)

    def conversation(
        self, headers: Headers, request: Mapping[str, Any], chat: Mapping[str, Any], key: bytes
    ) -> Conversation:
        """The conversation of a request.

        Args:
            headers: of the request.
            request: its body, on the caller's wire.
            chat: the same in OpenAI's dictionaries.
            key: the caller's.
        """
        kind = side_call(headers, request, chat)
        named = named_session(headers, request)
        if not named:
            opening = self._openings.name(headers, request, chat["messages"], key)
            return Conversation(opening, named=False, side_call=kind)
        if agent := agent_of(headers):
            # An agent has a history of its own, and keeps its own tier.
            named, kind = f"{named}/{agent}", kind or "subagent"
        if len(named) > _LONGEST_NAME:
            digest = hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=16)
            named = f"{named[: _LONGEST_NAME - _DIGEST]}#{letters(digest.hexdigest())}"
        return Conversation(named, named=True, side_call=kind)


def deployment_secret(config: Config, environ: Mapping[str, str]) -> bytes:
    """What all gateways of a deployment know and nobody else: the keys of its providers.

    A key that is replaced begins all conversations anew. Empty where no provider asks for one.
    """
    keys = (one.api_key for _, one in sorted(config.providers.items()) if one.api_key is not None)
    return "\0".join(_known(key, environ) for key in keys).encode("utf-8", "replace")


def _known(key: Secret, environ: Mapping[str, str]) -> str:
    try:
        return key.reveal(environ)
    except SettingsError:
        return ""
