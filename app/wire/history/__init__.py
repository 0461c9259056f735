"""A conversation's history, made readable for the model that is to go on with it.

What one model wrote may hold things that only it, or only its provider, takes back: signed
thinking, encrypted reasoning, results of tools the provider ran, ids of stored audio. The same
model on the same provider gets its own unchanged, as Anthropic demands in a tool exchange. Another
one gets them stripped, or said in words where there are words. Text, tool calls and their results
always stay. Everything that is taken out is counted by kind. What comes in is messages as a caller
sent them; each wire's own ``history`` module fits those of its wire, with what stands here.
"""

from typing import Any

_FORMER = {
    "Issuer": "history.reader",
    "Reader": "history.reader",
    "bound_messages": "history.bound",
    "fitted_request": "translation",
    "heard": "history.marks",
    "mentions_reasoning": "history.marks",
    "message_mark": "history.marks",
    "with_short_ids": "history.call_ids",
}


def __getattr__(name: str) -> Any:
    """What stood in one module before; imported late, as `translation` needs this package."""
    from importlib import import_module  # noqa: PLC0415 - see above

    if name not in _FORMER:
        raise AttributeError(name)
    return getattr(import_module(f"tierwatch.wire.{_FORMER[name]}"), name)
