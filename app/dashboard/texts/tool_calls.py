"""Calls of tools: what a message calls, and how the calls of two answers differ."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tierwatch.dashboard.texts.json_tree import read_document

# Arguments that are set side by side; the whole of both calls stands above them.
MOST_ROWS: Final = 200
MOST_CALLS: Final = 50
# Of a value, from shortly before where it begins to differ.
LONGEST_VALUE: Final = 400
_BEFORE: Final = 60
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool.

    Attributes:
        call_id: by which its result names it; perhaps empty.
        name: of the tool; ``?`` where none is said.
        arguments: as an object, or as the text that they are where that is no object.
    """

    call_id: str
    name: str
    arguments: Mapping[str, object] | str


@dataclass(frozen=True, slots=True)
class ArgumentRow:
    """One argument in both calls, by its path; None where a call has none of it."""

    path: str
    first: str | None
    second: str | None

    @property
    def same(self) -> bool:
        """Whether both calls say the same."""
        return self.first == self.second

    @property
    def shown(self) -> tuple[str, str]:
        """Both values as a page has room for them: long ones from where they begin to differ."""
        one, two = self.first or "", self.second or ""
        if max(len(one), len(two)) <= LONGEST_VALUE or self.same:
            return _cut(one, 0), _cut(two, 0)
        both = zip(one, two, strict=False)
        differs = next((at for at, (a, b) in enumerate(both) if a != b), min(len(one), len(two)))
        start = max(0, differs - _BEFORE)
        return _cut(one, start), _cut(two, start)


@dataclass(frozen=True, slots=True)
class CallDiff:
    """A call in one place of two answers: its name, or both names, and its arguments.

    Attributes:
        first: name of the tool that the first answer calls; None where it calls none here.
        second: that of the second answer.
        rows: those of both, in the order of the first.
        more: arguments that are not among them.
    """

    first: str | None
    second: str | None
    rows: tuple[ArgumentRow, ...]
    more: int

    @property
    def same(self) -> bool:
        """Whether both answers make this call with these arguments."""
        return self.first == self.second and not self.more and all(row.same for row in self.rows)


def tool_calls(message: Mapping[str, object]) -> tuple[ToolCall, ...]:
    """The calls that a message makes, at most `MOST_CALLS`, in OpenAI's form of old and new.

    >>> tool_calls({"tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]})
    (ToolCall(call_id='', name='f', arguments={'a': 1}),)
    """
    listed = message.get("tool_calls")
    found = [_call(one) for one in listed[:MOST_CALLS]] if isinstance(listed, list) else []
    single = message.get("function_call")
    return (*found, *([_call({"function": single})] if isinstance(single, dict) else []))


def call_diffs(first: Sequence[ToolCall], second: Sequence[ToolCall]) -> tuple[CallDiff, ...]:
    """How the calls of two answers differ; a call is set beside the next of its name.

    Those whose name the other answer does not call, or no further time, stand alone.
    """
    left = list(second)
    rows = list[CallDiff]()
    for call in first:
        other = next((one for one in left if one.name == call.name), None)
        if other is not None:
            left.remove(other)
        rows.append(_diff(call, other))
    return (*rows, *(_diff(None, call) for call in left))


def _cut(value: str, start: int) -> str:
    shown = value[start : start + LONGEST_VALUE]
    before, after = "…" if start else "", "…" if start + LONGEST_VALUE < len(value) else ""
    return f"{before}{shown}{after}"


def _call(call: object) -> ToolCall:
    if not isinstance(call, dict):
        return ToolCall("", "?", json.dumps(call, ensure_ascii=False))
    # Tools of free text are "custom" and have an input.
    inner = call.get("function") if isinstance(call.get("function"), dict) else call.get("custom")
    said = inner if isinstance(inner, dict) else call
    given = said.get("arguments", said.get("input"))
    return ToolCall(
        call_id=str(call.get("id") or ""),
        name=str(said.get("name") or "?"),
        arguments=_arguments(given),
    )


def _arguments(given: object) -> Mapping[str, object] | str:
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        return "" if given is None else json.dumps(given, ensure_ascii=False)
    found = read_document(given)
    return found if isinstance(found, dict) else given


def _diff(first: ToolCall | None, second: ToolCall | None) -> CallDiff:
    one, two = (
        dict[str, str]() if call is None else dict(_leaves(call)) for call in (first, second)
    )
    paths = list(dict.fromkeys([*one, *two]))
    return CallDiff(
        first=None if first is None else first.name,
        second=None if second is None else second.name,
        rows=tuple(ArgumentRow(path, one.get(path), two.get(path)) for path in paths[:MOST_ROWS]),
        more=max(0, len(paths) - MOST_ROWS),
    )


def _leaves(call: ToolCall) -> Iterator[tuple[str, str]]:
    if isinstance(call.arguments, str):
        yield from [("", call.arguments)] if call.arguments else []
    else:
        yield from _leaves_of(call.arguments, "", 0)


def _leaves_of(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for key, item in value.items():
            yield from _leaves_of(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list) and value and depth < _DEEPEST:
        for place, item in enumerate(value):
            yield from _leaves_of(item, f"{path}[{place}]", depth + 1)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
