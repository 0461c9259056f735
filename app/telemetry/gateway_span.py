"""A served exchange as a span of OpenTelemetry's conventions for GenAI.

Source: semantic conventions for generative AI, status Development, November 2026. Neither what was
asked nor what was answered is in it.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.telemetry.trace_context import Parent, span_id_of, trace_id_of
from tierwatch.telemetry.wire_format import (
    number_attribute,
    share_attribute,
    sized,
    text_attribute,
    texts_attribute,
    truth_attribute,
    varint,
    written_key,
)

_CLIENT: Final = b"\x30\x03"
# Field 15, a status with code 2.
_ERROR_STATUS: Final = b"\x7a\x02\x18\x02"
_FIRST_ERROR: Final = 400
_LONGEST: Final = 200


def _fixed(key: str, size: int) -> bytes:
    """All of an attribute of a span but its value's last ``size`` bytes, a number's."""
    whole = sized(b"\x4a", share_attribute(written_key(key), 0.0))
    return whole[:-size]


_DOUBLE_BYTES: Final = 8
_CONFIDENCE: Final = _fixed("tierwatch.confidence", _DOUBLE_BYTES)
_OVERHEAD: Final = _fixed("tierwatch.overhead_ms", _DOUBLE_BYTES)
_COST: Final = _fixed("tierwatch.cost_usd", _DOUBLE_BYTES)
# Start and end in nanoseconds (fields 7 and 8), and three numbers, in one call.
_FIGURES: Final = struct.Struct(
    f"<BQBQ{len(_CONFIDENCE)}sd{len(_OVERHEAD)}sd{len(_COST)}sd",
)
_START, _END = 0x39, 0x41


def _before_numbers(key: str) -> tuple[bytes, ...]:
    """By how many bytes a number takes, all that comes before it."""
    whole = [sized(b"\x4a", number_attribute(written_key(key), 1 << 7 * n)) for n in range(10)]
    return b"", *(one[: -n - 1] for n, one in enumerate(whole))


_INPUT: Final = _before_numbers("gen_ai.usage.input_tokens")
_OUTPUT: Final = _before_numbers("gen_ai.usage.output_tokens")
_CACHED: Final = written_key("gen_ai.usage.cache_read.input_tokens")
_CACHE_WRITE: Final = written_key("gen_ai.usage.cache_creation.input_tokens")
_FIRST_CHUNK: Final = written_key("gen_ai.response.time_to_first_chunk")
_ATTEMPTS: Final = written_key("tierwatch.failed_attempts")
_CONVERSATION: Final = written_key("gen_ai.conversation.id")
# A request's id always has 36 letters.
_REQUEST: Final = sized(b"\x4a", text_attribute(written_key("tierwatch.request.id"), "-" * 36))[
    :-36
]


def gateway_span(
    served: ServedExchange, parent: Parent | None, vendors: Mapping[str, str]
) -> bytes:
    """The span as a field of ``ScopeSpans``, in protobuf.

    Args:
        served: the exchange.
        parent: the caller's span; without one a trace begins here.
        vendors: what the conventions call a provider, by its name in the configuration.
    """
    own = served.exchange_id
    start = int(served.arrived_at * 1e9)
    asked = served.request
    model = asked.get("model")
    streaming = asked.get("stream") is True
    if parent is None:
        ids = b"\x0a\x10" + trace_id_of(own) + b"\x12\x08" + span_id_of(own)
    else:
        ids = (
            b"\x0a\x10" + parent.trace_id + b"\x12\x08" + span_id_of(own) + b"\x22\x08"
        ) + parent.span_id
    content = [
        ids,
        _constants(
            model[:_LONGEST] if isinstance(model, str) else "",
            served.served_model,
            vendors.get(served.provider, served.provider),
            served.served_tier,
            served.decision.policy_version,
            served.finish_reason or "",
            served.status,
            streaming,
        ),
        _FIGURES.pack(
            _START,
            start,
            _END,
            start + int(served.latency_ms * 1e6),
            _CONFIDENCE,
            served.decision.confidence,
            _OVERHEAD,
            served.overhead_ms,
            _COST,
            served.cost_usd,
        ),
        _REQUEST,
        str(own).encode(),
        sized(b"\x4a", text_attribute(_CONVERSATION, served.session)),
    ]
    if served.answer is not None:
        content += (
            _counted(_INPUT, served.prompt_tokens),
            _counted(_OUTPUT, served.completion_tokens),
        )
    if streaming or served.attempts or served.cached_tokens or served.cache_write_tokens:
        content += [sized(b"\x4a", one) for one in _rarer(served, streaming=streaming)]
    return sized(b"\x12", b"".join(content))


def _counted(keys: tuple[bytes, ...], tokens: int) -> bytes:
    number = varint(tokens)
    return keys[len(number)] + number


def _rarer(served: ServedExchange, *, streaming: bool) -> list[bytes]:
    """What not every exchange has."""
    found = []
    if served.cached_tokens:
        found.append(number_attribute(_CACHED, served.cached_tokens))
    if served.cache_write_tokens:
        found.append(number_attribute(_CACHE_WRITE, served.cache_write_tokens))
    if streaming:
        found.append(share_attribute(_FIRST_CHUNK, served.first_byte_ms / 1_000))
    failed = [one for one in served.attempts if one.error]
    if failed:
        found.append(number_attribute(_ATTEMPTS, len(failed)))
    return found


@lru_cache(maxsize=1_024)
def _constants(  # noqa: PLR0917 - by place, for a cache makes a key of them in half the time
    asked: str,
    model: str,
    vendor: str,
    tier: str,
    policy: int,
    finish: str,
    status: int,
    streaming: bool,  # noqa: FBT001 - a key of the cache
) -> bytes:
    """Name, status and the attributes that many exchanges share."""
    attributes = [
        text_attribute(written_key("gen_ai.operation.name"), "chat"),
        text_attribute(written_key("gen_ai.provider.name"), vendor),
        text_attribute(written_key("gen_ai.request.model"), asked or model),
        text_attribute(written_key("gen_ai.response.model"), model),
        truth_attribute(written_key("gen_ai.request.stream"), streaming),
        text_attribute(written_key("tierwatch.tier"), tier),
        number_attribute(written_key("tierwatch.policy.version"), policy),
        number_attribute(written_key("http.response.status_code"), status),
    ]
    if finish:
        attributes.append(texts_attribute(written_key("gen_ai.response.finish_reasons"), (finish,)))
    failed = status >= _FIRST_ERROR
    if failed:
        attributes.append(text_attribute(written_key("error.type"), str(status)))
    name = sized(b"\x2a", f"chat {asked or model}".encode("utf-8", "replace"))
    fields = b"".join(sized(b"\x4a", attribute) for attribute in attributes)
    return _CLIENT + name + fields + (_ERROR_STATUS if failed else b"")
