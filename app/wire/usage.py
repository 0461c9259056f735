"""What a call took: tokens read and written, as its provider counted them or as we estimate."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.routing.content import message_text
from tierwatch.wire.json_values import mapping, objects

CHARACTERS_PER_TOKEN = 4
# Ten times the largest context there is. More is no count but a fault, or somebody's joke: it would
# be billed, and the sum of such would not fit the tables.
_MOST_TOKENS = 100_000_000

# Where servers count cached tokens that do not count them among the details of the prompt.
_BESIDE_FIRST = ("prompt_cache_hit_tokens", "cached_tokens")
_CACHED_BESIDE = frozenset(_BESIDE_FIRST)


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


def read_chunk_usage(usage: object) -> Usage:
    """The counts in a chunk of a stream, or in a chat completion.

    Cached tokens are counted within the prompt. Parts that exceed it are cut to it, since
    compatible servers get them wrong; without a count of the prompt there are no parts.

    >>> read_chunk_usage({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 10}})
    Usage(prompt_tokens=9, completion_tokens=None, cached_tokens=9, cache_write_tokens=None)
    """
    counts = mapping(usage)
    prompt = count(counts.get("prompt_tokens"))
    completion = count(counts.get("completion_tokens"))
    if prompt is None:
        return Usage(None, completion)
    details = mapping(counts.get("prompt_tokens_details"))
    cached = count(details.get("cached_tokens"), most=prompt)
    if cached is None and not _CACHED_BESIDE.isdisjoint(counts):
        said = (count(counts.get(name), most=prompt) for name in _BESIDE_FIRST)
        cached = next((one for one in said if one is not None), None)
    written = count(details.get("cache_write_tokens"), most=prompt - (cached or 0))
    return Usage(prompt, completion, cached, written)


def completion_usage(whole: Mapping[str, Any]) -> Usage:
    """The counts in a chat completion, wherever in it they stand."""
    usage = read_chunk_usage(whole.get("usage"))
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        choice = next(iter(objects(whole.get("choices"))), {})
        return read_chunk_usage(usage_elsewhere(choice, whole))
    return usage


def usage_elsewhere(choice: Mapping[str, Any], whole: Mapping[str, Any]) -> object:
    """The counts where they stand in no place of OpenAI's; None where there are none.

    Args:
        choice: some servers count within it.
        whole: the chunk or the completion that it is of; some servers count in a field of theirs.

    >>> usage_elsewhere({"usage": {"prompt_tokens": 9}}, {})
    {'prompt_tokens': 9}
    """
    return choice.get("usage") or mapping(whole.get("x_groq")).get("usage")


def write_chunk_usage(usage: Usage) -> dict[str, Any]:
    """The counts as a chunk of a stream has them.

    What nobody counted is left out, since it is not 0 tokens; empty where nothing was.
    """
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    both = prompt is not None and completion is not None
    wholes = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": sum(usage.billed[:2]) if both else None,
    }
    parts = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    counts: dict[str, Any] = {name: n for name, n in wholes.items() if n is not None}
    if prompt is not None:
        counts["prompt_tokens_details"] = {name: n for name, n in parts.items() if n is not None}
    return counts


def count(value: object, *, most: int | None = None) -> int | None:
    """The value when it is a number of tokens, cut to ``most``; else None.

    >>> count(12), count(12, most=9), count(-1), count(1.5), count(2**63)
    (12, 9, None, None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS:
        return value if most is None else min(value, most)
    return None


def text_size(text: str) -> int:
    """A text's length for an estimate of tokens: its bytes in UTF-8.

    A quarter of them is near what OpenAI's o200k counts for English and German (28 for 24 tokens,
    29 for 26), Chinese (24 for 23), Japanese (37 for 36) and Korean (32 for 28), and up to twice as
    many for Russian, Thai and Hindi, where its older vocabulary, cl100k, counts more still.

    >>> text_size("four"), text_size("四")
    (4, 3)
    """
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def estimated_tokens(characters: int) -> int:
    """Estimate of the tokens in a text, where the provider counted none: 4 characters a token.

    Characters beyond ASCII count as `text_size` has them. Code has more tokens. A number from here
    is always stored with ``tokens_estimated``.

    >>> estimated_tokens(0), estimated_tokens(1), estimated_tokens(8)
    (0, 1, 2)
    """
    return -(-characters // CHARACTERS_PER_TOKEN)


def request_characters(request: Mapping[str, Any]) -> int:
    """The `text_size` of the messages of a chat request, for an estimate of prompt tokens."""
    messages = request.get("messages")
    return sum(
        text_size(message_text(message))
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, dict)
    )
