"""An exchange: a served request with its answer, as the gateway hands it to the recorder."""

import os
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from tierwatch.routing.decision import Decision
from tierwatch.store.documents import Json
from tierwatch.wire.chat import OPENAI

_NONE: Mapping[str, str] = MappingProxyType({})

# Halves of ids to come: the kernel is asked for many at once, which costs a third of one each.
_CHANCES: list[int] = []
_MANY = 256
_CHANCE_BYTES = 10
_FREE_BITS = ~(0xF << 76 | 0x3 << 62)
_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
# A child must not use the halves that its parent uses.
os.register_at_fork(after_in_child=_CHANCES.clear)


def new_exchange_id(epoch_s: float) -> uuid.UUID:
    """Return a UUID version 7: 48 bits of milliseconds, then chance (RFC 9562, section 5.7).

    Sorted ids are sorted by arrival, which is what the monthly partitions of the stored text
    are cut by.
    """
    milliseconds = int(epoch_s * 1000) & ((1 << 48) - 1)
    try:
        chance = _CHANCES.pop()
    except IndexError:
        chance = _drawn()
    return uuid.UUID(int=milliseconds << 80 | chance)


def exchange_id_for(epoch_s: float, digest: bytes) -> uuid.UUID:
    """The UUID version 7 of an exchange that another program named: the same for the same name.

    Args:
        epoch_s: when it arrived.
        digest: of its name, 10 bytes or more.
    """
    milliseconds = int(epoch_s * 1000) & ((1 << 48) - 1)
    chance = int.from_bytes(digest[:_CHANCE_BYTES]) & _FREE_BITS | _VERSION_AND_VARIANT
    return uuid.UUID(int=milliseconds << 80 | chance)


def _drawn() -> int:
    raw = os.urandom(_MANY * _CHANCE_BYTES)
    _CHANCES.extend(
        int.from_bytes(raw[start : start + _CHANCE_BYTES]) & _FREE_BITS | _VERSION_AND_VARIANT
        for start in range(0, len(raw), _CHANCE_BYTES)
    )
    return _CHANCES.pop()


def arrival_ms(exchange_id: uuid.UUID) -> int:
    """Milliseconds since 1970 at which the exchange arrived."""
    return exchange_id.int >> 80


class Attempt(NamedTuple):
    """One call to a provider on behalf of a request. ``error`` is empty when it answered.

    ``cost_usd`` is what a call cost whose answer was of no use, where the provider said so; what
    the answer that was served cost is the exchange's.
    """

    tier: str
    model: str
    provider: str
    status: int | None
    error: str
    latency_ms: float
    cost_usd: float = 0.0


class ServedExchange(NamedTuple):
    """Everything the gateway knows once a reply is closed.

    A tuple: built once a request, in a fifth of a frozen dataclass's time with so many fields.

    ``request`` is the caller's own, on the wire it came on (``wire``), and ``headers`` are those of
    the caller's that say how it is to be read; ``answer`` is the assistant message in OpenAI's
    form, or None when there was none. ``finished`` is False for a reply cut by the client or
    the provider, and ``kept`` for one that was too long to be kept whole: they are counted and
    never judged. ``outside`` is why the exchange cannot be evidence, as far as the gateway knows
    (see `admission.outside`); "" where it can. ``fitted`` is what was done to the request for who
    answered to take it, ``effort`` how much its tier has it think. ``prompt_version`` is the
    caller's word for its prompt, as it came, ``client`` the name of the key that it showed; "" for
    none. ``cost_usd`` is what serving cost: the answer and the
    attempts before it. The classifier's call is apart. Cached tokens and those put into the
    provider's cache are part of ``prompt_tokens``.
    """

    exchange_id: uuid.UUID
    arrived_at: float
    session: str
    request: Json
    decision: Decision
    served_tier: str
    served_model: str
    provider: str
    attempts: tuple[Attempt, ...]
    status: int
    answer: Json | None
    finish_reason: str | None
    finished: bool
    prompt_tokens: int
    completion_tokens: int
    tokens_estimated: bool
    cost_usd: float
    latency_ms: float
    first_byte_ms: float
    overhead_ms: float
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    classifier_cost_usd: float = 0.0
    kept: bool = True
    wire: str = OPENAI
    headers: Mapping[str, str] = _NONE
    outside: str = ""
    fitted: tuple[str, ...] = ()
    effort: str = ""
    prompt_version: str = ""
    client: str = ""


class Recorder(Protocol):
    """Takes closed exchanges. Never blocks and never raises: the request path depends on it."""

    def record(self, served: ServedExchange) -> None:
        """Count the exchange and, if it falls into the sample, keep it for capture."""
