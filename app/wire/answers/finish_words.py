"""Why a model stopped, in the word of OpenAI's wire for it."""

from collections.abc import Mapping
from types import MappingProxyType

# What compatible servers say, in lower case. Other words are the server's own and stay as they are.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "end"), "stop"
        ),
        **dict.fromkeys(
            ("length", "max_tokens", "max_length", "max_output_tokens", "model_length"), "length"
        ),
        **dict.fromkeys(
            ("tool_calls", "tool_call", "tool_use", "function_call", "function_calls"), "tool_calls"
        ),
        **dict.fromkeys(
            ("content_filter", "refusal", "safety", "recitation", "prohibited_content",
             "sensitive"),
            "content_filter",
        ),
    }
)  # fmt: skip

# What servers say of an answer that they could not go on with: it is none, and no end either.
_FAILED = frozenset(
    {"error", "abort", "aborted", "cancelled", "insufficient_system_resource", "network_error"}
)


def failed(said: str | None) -> bool:
    """Whether a finish reason says that the server gave the answer up.

    >>> failed("error"), failed("Network_Error"), failed("stop"), failed(None)
    (True, True, False, False)
    """
    return said is not None and said.lower() in _FAILED


def said_reason(said: object) -> str | None:
    """The reason where one was given. Some servers say "" for *not yet*.

    >>> said_reason("stop"), said_reason(""), said_reason(None), said_reason(1)
    ('stop', None, None, None)
    """
    return said if isinstance(said, str) and said else None


def finish_word(said: str | None, *, called: bool) -> str | None:
    """The reason in OpenAI's word; the server's own word where it means none of them.

    Whoever runs tools waits for the word that says so: an answer that calls some has stopped for
    that, unless it was cut off or filtered.

    >>> finish_word("eos", called=False), finish_word("eos", called=True)
    ('stop', 'tool_calls')
    >>> finish_word("MAX_TOKENS", called=True), finish_word(None, called=False)
    ('length', None)
    """
    word = None if said is None else _WORDS.get(said.lower(), said)
    if called and word not in {"length", "content_filter"}:
        return None if word is None else "tool_calls"
    return word


def stopped_at(choice: Mapping[str, object]) -> str | None:
    """The caller's sequence that ended a choice, where a server says it: OpenAI's wire does not.

    >>> stopped_at({"stop_reason": "END"}), stopped_at({"matched_stop": 7}), stopped_at({})
    ('END', None, None)
    """
    said = choice.get("stop_reason") or choice.get("matched_stop")  # vLLM's, SGLang's
    return said if isinstance(said, str) else None
