"""Numbers set in a text of YAML or JSON, and nothing else of it touched: its comments stay.

The places are found by PyYAML's marks; JSON is read as the YAML that it nearly is. What comes out
is read again and compared with what was to come out, so that no half-right file is ever shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import yaml

from tierwatch.errors import ForeignError

Place: TypeAlias = tuple[str | int, ...]

_MAPPING: Final = "tag:yaml.org,2002:map"


def edited(text: str, numbers: Mapping[Place, float]) -> str:
    r"""The text with numbers set; a key that is missing is added, its parents too.

    Args:
        text: of a YAML or JSON file.
        numbers: by their place, keys and positions from the top.

    Raises:
        ForeignError: it cannot be read, or a place is none that can be written.

    >>> edited("a: {b: 1} # kept\n", {("a", "b"): 0.5, ("a", "c"): 0.25})
    'a: {c: 0.25, b: 0.5} # kept\n'
    >>> edited("- x:\n    b: 1\n", {(0, "x", "c", "d"): 0.5})
    '- x:\n    c:\n      d: 0.5\n    b: 1\n'
    """
    wanted = read_settings(text)
    new = text
    for place, value in numbers.items():
        wanted = _with(wanted, place, value)
        new = _set(new, place, value)
    if read_settings(new) != wanted:
        raise ForeignError("its settings cannot be changed in place; change them by hand")
    return new


def read_settings(text: str) -> Any:
    """What a text of YAML or JSON says.

    Raises:
        ForeignError: it is neither.
    """
    try:
        return yaml.safe_load(_plain(text))
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise ForeignError("its file is neither YAML nor JSON") from problem


def at(settings: Any, place: Sequence[str | int]) -> Any:
    """What stands at a place; None where nothing does."""
    for key in place:
        named = isinstance(settings, Mapping) and key in settings
        counted = isinstance(settings, list) and isinstance(key, int) and key < len(settings)
        if not named and not counted:
            return None
        settings = settings[key]
    return settings


def _plain(text: str) -> str:
    # JSON may be indented with tabs, which YAML forbids; a tab inside a text is escaped there.
    return text.replace("\t", " ") if text.lstrip()[:1] in {"{", "["} else text


def _with(settings: Any, place: Place, value: float) -> Any:
    if not place:
        return value
    key, rest = place[0], place[1:]
    if isinstance(settings, list) and isinstance(key, int) and key < len(settings):
        return [*settings[:key], _with(settings[key], rest, value), *settings[key + 1 :]]
    if settings is None or isinstance(settings, dict):
        return {**(settings or {}), key: _with((settings or {}).get(key), rest, value)}
    raise ForeignError(f"{dotted(place)}: its parent is no mapping")


def dotted(place: Place) -> str:
    """A place in words.

    >>> dotted(("model_list", 0, "tiers"))
    'model_list.0.tiers'
    """
    return ".".join(map(str, place))


def _set(text: str, place: Place, value: float) -> str:
    node = yaml.compose(_plain(text), Loader=yaml.SafeLoader)
    written = f"{value:g}"
    for depth, key in enumerate(place):
        found = _child(node, key)
        if found is None:
            return _inserted(text, node, place[depth:], written)
        node = found
    if not isinstance(node, yaml.ScalarNode):
        raise ForeignError(f"{dotted(place)}: no number stands there")
    return text[: node.start_mark.index] + written + text[node.end_mark.index :]


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key] if key < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    return None


def _inserted(text: str, node: yaml.Node | None, rest: Place, written: str) -> str:
    """The text with a key that is missing, before the first of its parent's."""
    if not isinstance(node, yaml.MappingNode) or not all(isinstance(one, str) for one in rest):
        raise ForeignError(f"{dotted(rest)}: its parent is no mapping")
    if node.flow_style:
        start = node.start_mark.index + 1
        quote = '"' if text.lstrip()[:1] in {"{", "["} else ""
        inner = written
        for key in reversed(rest[1:]):
            inner = f"{{{quote}{key}{quote}: {inner}}}"
        more = ", " if node.value else ""
        return f"{text[:start]}{quote}{rest[0]}{quote}: {inner}{more}{text[start:]}"
    first = node.value[0][0].start_mark
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [f"{' ' * 2 * depth}{key}:" for depth, key in enumerate(rest)]
    block = f"{end}{' ' * first.column}".join([*lines[:-1], f"{lines[-1]} {written}"])
    return f"{text[: first.index]}{block}{end}{' ' * first.column}{text[first.index :]}"
