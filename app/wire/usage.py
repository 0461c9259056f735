"""What a provider says a call took: tokens read and written, and those from its prompt cache."""

from collections.abc import Mapping
from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens of one call. A count the provider did not give is None.

    Attributes:
        prompt_tokens: everything that was read, whatever it cost.
        completion_tokens: everything that was written.
        cached_tokens: part of the prompt that came from the provider's prompt cache.
        cache_write_tokens: part of the prompt that was put into it.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None

    @property
    def billed(self) -> tuple[int, int, int, int]:
        """The counts for `routing.tiers.Price.cost_usd`; what nobody counted is 0."""
        return (
            self.prompt_tokens or 0,
            self.completion_tokens or 0,
            self.cached_tokens or 0,
            self.cache_write_tokens or 0,
        )


def read_usage(reply: object) -> Usage:
    """The usage of a chat completion or of its last chunk, in OpenAI's form.

    OpenAI counts cached tokens within the prompt. Parts that exceed it are cut to it, since
    compatible servers get them wrong; without a count of the prompt there are no parts.
    """
    usage = _mapping(_mapping(reply).get("usage"))
    prompt = _count(usage.get("prompt_tokens"))
    completion = _count(usage.get("completion_tokens"))
    if prompt is None:
        return Usage(None, completion)
    details = _mapping(usage.get("prompt_tokens_details"))
    cached = _count(details.get("cached_tokens"), most=prompt)
    written = _count(details.get("cache_write_tokens"), most=prompt - (cached or 0))
    return Usage(prompt, completion, cached, written)


def read_anthropic_usage(reply: object) -> Usage:
    """The usage of a Message.

    Anthropic counts what was read from its cache and what was put into it beside the input; here
    both are part of the prompt, as everywhere else.
    """
    usage = _mapping(_mapping(reply).get("usage"))
    fresh = _count(usage.get("input_tokens"))
    completion = _count(usage.get("output_tokens"))
    cached = _count(usage.get("cache_read_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    if fresh is None and not cached and not written:
        return Usage(None, completion)
    prompt = (fresh or 0) + (cached or 0) + (written or 0)
    return Usage(prompt, completion, cached, written)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object, *, most: int | None = None) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value if most is None else min(value, most)
    return None
