"""JSON as a tree that folds, without a script."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

# What a person opens branch by branch; the whole is in the full text.
MOST_NODES: Final = 400
DEEPEST: Final = 12
LONGEST_LEAF: Final = 2_000
# Longer ones are shown as text: reading 200 kB takes 2 ms, and nobody unfolds a megabyte.
LONGEST_READ: Final = 200_000
# Branches that stand open at first: what is asked for, not all that is in it.
_OPEN: Final = 2

_LEAF: Final = Markup('<li>{key}<span class="leaf" dir="auto">{value}</span></li>')
_KEY: Final = Markup('<span class="key" dir="auto">{}</span>: ')
_MORE: Final = Markup('<li class="cut">{} more not shown</li>')
_BRANCH: Final = Markup(
    "<li><details{open}><summary>{key}{size}</summary><ul>{items}</ul></details></li>"
)


def read_document(text: str) -> dict[str, object] | list[object] | None:
    """The object or the list that a text is as JSON; None where it is anything else.

    >>> read_document(' {"a": [1]} '), read_document("12"), read_document("{")
    ({'a': [1]}, None, None)
    """
    inner = text.strip()
    if len(inner) > LONGEST_READ or not inner.startswith(("{", "[")):
        return None
    try:
        found = json.loads(inner)
        if "\\ud" in inner.lower():  # half a character, as an escape: no page can be sent with it
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeEncodeError is a ValueError
        return None
    return found if isinstance(found, dict | list) else None


def json_tree(value: object) -> Markup:
    """A value of JSON as nested lists; at most `MOST_NODES` values, `DEEPEST` branches deep.

    >>> json_tree({"a": "<b>"})
    Markup('<ul class="tree"><li><span class="key" dir="auto">a</span>: <span class="leaf" \
dir="auto">&#34;&lt;b&gt;&#34;</span></li></ul>')
    """
    writer = _Writer()
    inside = writer.items(value, 0) if isinstance(value, dict | list) else writer.node("", value, 0)
    return Markup('<ul class="tree">{}</ul>').format(inside)


class _Writer:
    """One tree; counts what it has written."""

    def __init__(self) -> None:
        self._left = MOST_NODES

    def node(self, key: str, value: object, depth: int) -> Markup:
        self._left -= 1
        label = _KEY.format(key) if key else Markup("")
        if not isinstance(value, dict | list) or not value or depth >= DEEPEST:
            return _LEAF.format(key=label, value=_leaf(value))
        return _BRANCH.format(
            open=Markup(" open") if depth < _OPEN else "",
            key=label,
            size=_size(value),
            items=self.items(value, depth + 1),
        )

    def items(self, value: Mapping[str, object] | Sequence[object], depth: int) -> Markup:
        named = (
            [(str(key), item) for key, item in value.items()]
            if isinstance(value, Mapping)
            else [(str(place), item) for place, item in enumerate(value)]
        )
        written = list[Markup]()
        for place, (key, item) in enumerate(named):
            if self._left <= 0:
                written.append(_MORE.format(f"{len(named) - place:,}"))
                break
            written.append(self.node(key, item, depth))
        return Markup("").join(written)


def _size(value: Mapping[str, object] | Sequence[object]) -> str:
    return f"{{{len(value)}}}" if isinstance(value, Mapping) else f"[{len(value)}]"


def _leaf(value: object) -> str:
    if isinstance(value, dict | list):
        return _size(value)
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    shown = said if len(said) <= LONGEST_LEAF else f"{said[:LONGEST_LEAF]}…"
    return f'"{shown}"' if isinstance(value, str) else shown
