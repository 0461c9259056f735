"""A request as a model takes it: what it cannot take is renamed, capped, moved or left out.

What would change what is asked (tools, images, a schema, several answers) is not touched: `needs`
finds a model that takes it before the call, and if there is none the provider says so itself.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tierwatch.fit import chat_rules, messages_rules, responses_rules
from tierwatch.fit.rule import Request, Rule
from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.crossing.rewritten import Rewritten
from tierwatch.wire.json_values import mapping

_RULES: Mapping[str, tuple[Rule, ...]] = {
    OPENAI: chat_rules.RULES,
    ANTHROPIC: messages_rules.RULES,
    RESPONSES: responses_rules.RULES,
}
_LIMITS: Mapping[str, tuple[str, ...]] = {
    OPENAI: ("max_tokens", "max_completion_tokens"),
    ANTHROPIC: ("max_tokens",),
    RESPONSES: ("max_output_tokens",),
}
# Fields that are left out of each tool are written so: `tools.strict`.
OF_TOOLS = "tools."


class Takes(NamedTuple):
    """What one deployment takes on one wire, made ready to be held against requests.

    Attributes:
        facts: what is known.
        without: fields that were refused there, whose names a table cannot know.
        names: top-level fields that something may have to be done about. A request that has none
            of them is not looked at any further.
        rules: what is done about them.
        caps: numbers of tokens that may be as large as this, and are then left alone.
    """

    facts: Facts = UNKNOWN
    without: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    caps: Mapping[str, int] = MappingProxyType({})


EVERYTHING = Takes()


def takes_of(facts: Facts, wire: str, without: frozenset[str] = frozenset()) -> Takes:
    """What is known of a deployment, made ready.

    >>> sorted(takes_of(Facts(output=4_096), "anthropic").names)
    ['max_tokens']
    """
    rules = tuple(rule for rule in _RULES.get(wire, ()) if rule.concerns(facts))
    names = {name for rule in rules for name in rule.names}
    names |= {name.partition(".")[0] for name in without}
    return Takes(facts, without, frozenset(names), rules, _caps(facts, wire, without))


def _caps(facts: Facts, wire: str, without: frozenset[str]) -> Mapping[str, int]:
    names = _LIMITS.get(wire, ()) if facts.output is not None else ()
    wrong = {name for name in names if wire == OPENAI and facts.limit not in (None, name)}
    return {name: facts.output or 0 for name in names if name not in wrong | without}


def fitted(request: dict[str, Any], takes: Takes) -> Rewritten:
    """The request as the deployment takes it, on the same wire; the same value where it does.

    >>> chat = {"messages": [], "max_tokens": 9, "temperature": 0}
    >>> o3 = takes_of(Facts(limit="max_completion_tokens", temperature="default"), "openai")
    >>> fitted(chat, o3).fitted
    ('max_tokens->max_completion_tokens', '-temperature')
    """
    touched = takes.names.intersection(request)
    if not touched or _is_taken(request, touched, takes.caps):
        return Rewritten(request)
    out = dict(request)
    done = tuple(_changes(out, takes))
    return Rewritten(out, done) if done else Rewritten(request)


def _is_taken(request: Request, touched: frozenset[str], caps: Mapping[str, int]) -> bool:
    """Whether all that could matter is a limit that is low enough: the usual case."""
    for name in touched:
        value = request[name]
        if type(value) is not int or value > caps.get(name, -1):
            return False
    return True


def _changes(request: Request, takes: Takes) -> Iterator[str]:
    for rule in takes.rules:
        if not rule.names.isdisjoint(request):
            yield from rule.change(request, takes.facts)
    for name in sorted(takes.without):
        if name.startswith(OF_TOOLS):
            yield from _out_of_tools(request, name)
        elif name in request:
            del request[name]
            yield f"-{name}"


def _out_of_tools(request: Request, name: str) -> Iterator[str]:
    tools, field = request.get("tools"), name.removeprefix(OF_TOOLS)
    if not isinstance(tools, list) or not any(_has(tool, field) for tool in tools):
        return
    request["tools"] = [_tool_without(tool, field) for tool in tools]
    yield f"-{name}"


def _has(tool: Any, field: str) -> bool:
    tool = mapping(tool)
    return field in tool or field in mapping(tool.get("function"))


def _tool_without(tool: Any, field: str) -> Any:
    if not _has(tool, field):
        return tool
    kept = {name: value for name, value in tool.items() if name != field}
    function = mapping(kept.get("function"))
    if field in function:
        kept["function"] = {name: value for name, value in function.items() if name != field}
    return kept
