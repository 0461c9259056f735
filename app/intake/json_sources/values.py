"""Single values of other people's records, read as what they should be; never raises."""

import math
from collections.abc import Mapping
from typing import Any, Final

from tierwatch.wire.answers.finish_words import finish_word, said_reason
from tierwatch.wire.json_values import objects

# Of an answer in OpenAI's form; what else stands in it is its server's or its library's own.
_OF_AN_ANSWER: Final = ("role", "content", "tool_calls", "refusal", "reasoning_content", "audio")
_OF_A_CALL: Final = ("id", "type", "function", "custom")
UNKNOWN_FAILURE: Final = 502
_FAILURES: Final = range(400, 600)


def seconds(value: object) -> float:
    """A time or a span in seconds; 0 where it is none.

    >>> seconds(1.5), seconds("1.5"), seconds(float("nan")), seconds(-1)
    (1.5, 0.0, 0.0, 0.0)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if math.isfinite(value) and value > 0 else 0.0


def money(value: object) -> float | None:
    """An amount; None where it is none.

    >>> money(0), money(-1), money(None), money(1e400)
    (0.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def share(value: object) -> float | None:
    """A number in [0, 1]; None where it is none."""
    found = money(value)
    return found if found is not None and found <= 1 else None


def failure_status(value: object) -> int:
    """The HTTP status of a failure, as a number or as text.

    >>> failure_status("429"), failure_status("srv"), failure_status(None), failure_status(200)
    (429, 502, 502, 502)
    """
    text = str(value) if isinstance(value, int | str) else ""
    status = int(text) if text.isascii() and text.isdigit() and len(text) <= len("599") else 0
    return status if status in _FAILURES else UNKNOWN_FAILURE


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def assistant_message(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """An answer in OpenAI's form without what is empty in it; None where nothing is said.

    >>> assistant_message({"role": "assistant", "content": "Hi", "tool_calls": None})
    {'role': 'assistant', 'content': 'Hi'}
    >>> assistant_message({"role": "assistant", "content": None})
    """
    said = {name: value[name] for name in _OF_AN_ANSWER if value.get(name) not in (None, [], {})}
    if "tool_calls" in said:
        said["tool_calls"] = [
            {name: call[name] for name in _OF_A_CALL if name in call}
            for call in objects(value["tool_calls"])
        ]
    if not said.keys() - {"role", "reasoning_content"}:
        return None
    return {"role": "assistant", "content": said.get("content")} | said | {"role": "assistant"}


def finish_of(said: object, answer: Mapping[str, Any] | None) -> str | None:
    """A finish reason in OpenAI's word; a call in the answer counts for more than the word."""
    return finish_word(said_reason(said), called=bool(answer and answer.get("tool_calls")))
