"""What a wire's rules are made of: which fields a fact concerns, and what is done about them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tierwatch.routing.facts import EFFORTS, Facts

Request = dict[str, Any]


class Rule(NamedTuple):
    """One thing that a model may not take.

    Attributes:
        names: top-level fields; a request that has none of them is left alone.
        concerns: whether anything is known of the model that makes it necessary to look.
        change: changes the request in place, at its top level alone, and names what it did.
    """

    names: frozenset[str]
    concerns: Callable[[Facts], bool]
    change: Callable[[Request, Facts], Iterator[str]]


def left_out(request: Request, neutral: Mapping[str, object]) -> Iterator[str]:
    """Take out the fields, unless they say no more than if they were not there.

    >>> request = {"temperature": 0, "top_p": 1}
    >>> list(left_out(request, {"temperature": 1, "top_p": 1})), request
    (['-temperature'], {'top_p': 1})
    """
    for name, value in neutral.items():
        if name in request and request[name] is not None and request[name] != value:
            del request[name]
            yield f"-{name}"


def capped(request: Request, name: str, most: int | None) -> Iterator[str]:
    """Cut a number of tokens to the most that may be asked for.

    >>> request = {"max_tokens": 32_000}
    >>> list(capped(request, "max_tokens", 16_384)), request
    (['max_tokens<=16384'], {'max_tokens': 16384})
    """
    value = request.get(name)
    if most is not None and type(value) is int and value > most:
        request[name] = most
        yield f"{name}<={most}"


def has_role(messages: list[Any], role: str) -> bool:
    """Whether a message is of this role."""
    for message in messages:  # noqa: SIM110 - half the time of any(), over each turn of an agent
        if isinstance(message, dict) and message.get("role") == role:
            return True
    return False


def taken_effort(level: object, levels: tuple[str, ...]) -> str:
    """The level to name in place of one: itself, the next lower one that is taken, or the lowest.

    >>> taken_effort("xhigh", ("low", "high")), taken_effort("none", ("low", "high"))
    ('high', 'low')
    """
    if level in levels or level not in EFFORTS:
        return str(level)
    rank = EFFORTS.index(str(level))
    lower = [one for one in levels if EFFORTS.index(one) < rank]
    return lower[-1] if lower else levels[0]
