"""Between the wire a caller speaks and the wire a provider speaks.

Where the two are the same, bytes pass untouched and are only read along. Where they differ, the
one is read into the typed form (`chat`) and the other is written from it. The routing library and
the capture take every request and answer in OpenAI's dictionaries.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.answers.fenced_json import asks_for_json, bare_answer
from tierwatch.wire.answers.other_parts import answer_with_other_parts
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.crossing.library_form import library_form
from tierwatch.wire.crossing.rewritten import Notes, Rewritten, rewritten
from tierwatch.wire.crossing.stand_ins import with_stand_ins
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.history.reader import Fitted, Reader
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.json_values import rest
from tierwatch.wire.openai_chat.replies import said
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

# What callers say to us in ``metadata`` (docs/configuration.md): no provider's business.
OURS = frozenset({"session_id", "tierwatch_cache"})


def library_request(caller: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A caller's request as the routing library and the capture take it: OpenAI's dictionaries.

    Never raises: a part that has no word there becomes a short text that names it.
    """
    if caller == OPENAI:
        return request if isinstance(request, dict) else dict(request)
    return library_form(WIRES[caller].read_request(request))


def fitted_request(request: Mapping[str, Any], *, wire: str, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still on the wire it came on.

    Args:
        request: what the caller sent.
        wire: the caller's wire.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    return WIRES[wire].fitted_history(request, to=to, reader=reader)


def provider_request(
    caller: str, provider: str, request: Mapping[str, Any], model: str
) -> Rewritten:
    """The request for a provider: the caller's with only ``model`` replaced, or its translation.

    Words of ours in ``metadata`` are taken out on every way.

    Args:
        caller: the caller's wire.
        provider: the provider's wire.
        request: what the caller sent, its history fitted to the model.
        model: the model that is to serve it.

    Raises:
        ProviderError: kind ``refused`` when the request cannot be said on the provider's wire.
    """
    out = {**request, "model": model}
    if "metadata" in out:
        _take_out_our_words(out)
    if caller == provider != OPENAI:
        return Rewritten(out)
    if caller == provider:
        notes: Notes = []
        return rewritten(with_stand_ins(out, model, notes), notes)
    said = WIRES[provider].write_request(WIRES[caller].read_request(out))
    if provider != OPENAI:
        return said
    added: Notes = []
    stood = with_stand_ins(said.request, model, added)
    return said if not added else rewritten(stood, [*said.fitted, *added])


def _take_out_our_words(out: dict[str, Any]) -> None:
    metadata = out["metadata"]
    if isinstance(metadata, dict) and not OURS.isdisjoint(metadata):
        metadata = out["metadata"] = rest(metadata, OURS)
    if metadata == {}:  # says nothing, and some servers refuse the field
        del out["metadata"]


def caller_reply(
    caller: str,
    provider: str,
    raw: bytes,
    answer: dict[str, Any],
    created: int,
    *,
    to: AnswerTo = NOBODY,
) -> tuple[bytes, Reply]:
    """The body for the caller, and what it says.

    Args:
        caller: the caller's wire.
        provider: the provider's wire.
        raw: the provider's answer as it came.
        answer: the same, parsed.
        created: epoch seconds, for an answer that has none.
        to: whom the answer is for. Where it asked for JSON, one fence around it is taken off.

    Raises:
        ProviderError: kind ``unreadable`` when the provider's answer is no answer.
    """
    if to.request and asks_for_json(to.request):
        bare = bare_answer(answer)
        if bare is not answer:
            answer, raw = bare, write_json(bare)
    if caller == provider == OPENAI:
        return raw, first_choice(answer)
    if provider == OPENAI:
        answer = answer_with_other_parts(answer)
    typed = WIRES[provider].read_reply(answer, created=created)
    if caller == provider:
        return raw, said(typed)
    chat = answer if provider == OPENAI else WIRES[OPENAI].write_reply(typed)
    body = write_json(chat if caller == OPENAI else WIRES[caller].write_reply(typed, to=to))
    return body, first_choice(chat)


def reported_usage(provider: str, answer: Mapping[str, Any]) -> Usage:
    """What a provider's whole answer says it took, whether or not the answer can be used."""
    return WIRES[provider].read_usage(answer)
