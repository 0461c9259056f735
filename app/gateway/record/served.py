"""The closed exchange, as the recorder is given it."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tierwatch.gateway.answer.answer import Said
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.reply.sent import Sent
from tierwatch.loop.capture.admission.outside import PROVIDER_TOOLS, SIDE_CALL
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import Usage, estimated_tokens, request_characters

# What a caller says of its wire, without which some fields of its body are refused; and the trace
# that a shadow call is a part of, too.
_TRACE = b"traceparent"
_SAID = (b"anthropic-version", b"anthropic-beta", _TRACE)
_PROMPT_VERSION = b"x-prompt-version"
# Longer ones are not accepted; cut, so that no header makes every exchange large.
_MOST_OF_A_VERSION = 100
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def served_exchange(
    asked: Asked,
    decision: Decision,
    tier: Tier,
    *,
    ledger: Ledger,
    sent: Sent,
    classifier_cost_usd: float,
) -> ServedExchange:
    """Everything that is known of an exchange. Tokens nobody counted are estimated from the text.

    Args:
        asked: by the caller.
        decision: that was served.
        tier: that served, with its provider and price.
        ledger: calls to providers.
        sent: what the caller got.
        classifier_cost_usd: what asking the classifier cost.
    """
    latency_ms = (time.perf_counter() - asked.started) * 1000
    said = sent.said
    prompt, completion, cached, written = 0, 0, 0, 0
    if said is not None:
        cached, written = said.usage.billed[2:]
        prompt, completion = _counted(asked.chat, said.message, said.usage, said.characters)
    attempts = ledger.attempts
    cost_usd = tier.price.cost_usd(prompt, completion, cached, written)
    if ledger.unserved:
        cost_usd += _unserved_usd(asked, ledger)
    return ServedExchange(  # in their order: so many names would take three times as long
        asked.exchange_id,
        asked.arrived_at,
        asked.session,
        asked.request,
        decision,
        tier.name,
        tier.model,
        tier.provider,
        tuple(attempts),
        sent.status,
        None if said is None else said.message,
        None if said is None else said.finish_reason,
        said is not None and said.finished,
        prompt,
        completion,
        said is not None and _is_estimated(said),
        cost_usd + sum([attempt.cost_usd for attempt in attempts]),
        latency_ms,
        latency_ms if sent.first_byte_ms is None else sent.first_byte_ms,
        sent.overhead_ms,
        cached,
        written,
        classifier_cost_usd,
        said is None or said.kept,
        asked.wire,
        _said_of_the_wire(asked),
        _outside(asked, ledger),
        ledger.fitted,
        tier.effort,
        _prompt_version(asked) if _PROMPT_VERSION in asked.headers else "",
        asked.caller,
    )


def _outside(asked: Asked, ledger: Ledger) -> str:
    """Why the exchange cannot be evidence, whatever became of it."""
    if asked.side_call:
        return SIDE_CALL
    watch = ledger.tool_watch
    return PROVIDER_TOOLS if watch is not None and watch.ran else ""


def _prompt_version(asked: Asked) -> str:
    said = asked.headers[_PROMPT_VERSION][:_MOST_OF_A_VERSION]
    return said.decode("latin-1").strip()


def _said_of_the_wire(asked: Asked) -> Mapping[str, str]:
    if asked.wire == OPENAI and _TRACE not in asked.headers:
        return _NO_HEADERS
    return {
        name.decode(): asked.headers[name].decode("latin-1")
        for name in _SAID
        if name in asked.headers
    }


def _unserved_usd(asked: Asked, ledger: Ledger) -> float:
    """The cost of the answers that a cascade asked for beside the one that it served."""
    cost_usd = 0.0
    for other in ledger.unserved:
        usage = other.reply.usage
        tokens = _counted(asked.chat, other.reply.message, usage)
        cost_usd += other.tier.price.cost_usd(*tokens, *usage.billed[2:])
    return cost_usd


def _is_estimated(said: Said) -> bool:
    return said.usage.prompt_tokens is None or said.usage.completion_tokens is None


def _counted(
    chat: Mapping[str, Any], message: Mapping[str, Any], usage: Usage, characters: int = 0
) -> tuple[int, int]:
    """Tokens of the prompt and of the answer, as the provider counted them where it did."""
    prompt, completion = usage[:2]
    if prompt is None:
        prompt = estimated_tokens(request_characters(chat))
    if completion is None:
        whole = StreamAnswer()
        whole.feed({"choices": [{"delta": message}]})
        completion = estimated_tokens(max(whole.characters, characters))
    return prompt, completion
