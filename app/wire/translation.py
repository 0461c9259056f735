"""Between the wire a caller speaks and the wire a provider speaks.

Where the two are the same, bytes pass untouched and are only read along. Where they differ, the
one is read into the typed form (`chat`) and the other is written from it. The routing library and
the capture take every request and answer in OpenAI's dictionaries.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import OPENAI
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.history.reader import Fitted, Reader
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES


def library_request(caller: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A caller's request as the routing library and the capture take it: OpenAI's dictionaries.

    Raises:
        ProviderError: kind ``refused`` when the request cannot be said in them.
    """
    if caller == OPENAI:
        return request if isinstance(request, dict) else dict(request)
    return WIRES[OPENAI].write_request(WIRES[caller].read_request(request))


def fitted_request(request: Mapping[str, Any], *, wire: str, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still on the wire it came on.

    Args:
        request: what the caller sent.
        wire: the caller's wire.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    return WIRES[wire].fitted_history(request, to=to, reader=reader)


def provider_body(
    caller: str, provider: str, request: Mapping[str, Any], chat: Mapping[str, Any], model: str
) -> bytes:
    """The body for a provider: the caller's with only ``model`` replaced, or its translation.

    Args:
        caller: the caller's wire.
        provider: the provider's wire.
        request: what the caller sent.
        chat: the same in OpenAI's dictionaries.
        model: the model that is to serve it.

    Raises:
        ProviderError: kind ``refused`` when the request cannot be said on the provider's wire.
    """
    if caller == provider:
        return write_json({**request, "model": model})
    if provider == OPENAI:
        return write_json({**chat, "model": model})
    typed = WIRES[caller].read_request({**request, "model": model})
    return write_json(WIRES[provider].write_request(typed))


def caller_reply(
    caller: str, provider: str, raw: bytes, answer: dict[str, Any], created: int
) -> tuple[bytes, Reply]:
    """The body for the caller, and what it says.

    Raises:
        ProviderError: kind ``unreadable`` when the provider's answer is no answer.
    """
    if caller == provider == OPENAI:
        return raw, first_choice(answer)
    typed = WIRES[provider].read_reply(answer, created=created)
    chat = answer if provider == OPENAI else WIRES[OPENAI].write_reply(typed)
    if caller == provider:
        body = raw
    else:
        body = write_json(chat if caller == OPENAI else WIRES[caller].write_reply(typed))
    return body, first_choice(chat)


def reported_usage(provider: str, answer: Mapping[str, Any]) -> Usage:
    """What a provider's whole answer says it took, whether or not the answer can be used."""
    return WIRES[provider].read_usage(answer)
