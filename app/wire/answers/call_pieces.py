"""Tool calls of a chat completion as its wire has them, however a server numbered and named them.

A stream says a call in pieces: the first has its index, id and name, the others its index and more
of the arguments. Servers leave out the index, the id or both, number all calls alike, name the
function in each piece, or write the arguments as the object itself.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tierwatch.wire.chat import Part, ToolCall
from tierwatch.wire.json_values import json_text, mapping, string

# A server whose pieces look complete again and again, and are not, is not parsed for ever; and of
# arguments that are longer than this nobody knows whether they are whole.
_MOST_TRIES = 4
_MOST_CHARACTERS = 256 * 1024
# What may stand before the arguments of another call; "" makes nothing whole.
_MAY_BEGIN = ("{", " ", "\n")


class CallPieces:
    """Tells for each piece of a stream's tool calls which call it is of."""

    __slots__ = ("_at", "_by_id", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Open] = []
        self._at: dict[int, _Open] = {}
        self._by_id: dict[str, _Open] = {}

    def settled(self, piece: Mapping[str, Any], chunk: Mapping[str, Any]) -> Mapping[str, Any]:
        """The piece with the index of its call, counted from 0; with an id where a call begins.

        Args:
            piece: an item of ``delta.tool_calls``.
            chunk: that it stands in, for an id that is made of it.
        """
        index = piece.get("index")
        call = self._at.get(index) if type(index) is int else None
        if call is not None and not piece.get("id"):
            said = piece.get("function")
            # Most pieces: plainly more of a call's arguments.
            if type(said) is dict and len(said) == 1:
                more = said.get("arguments")
                if type(more) is str and more[:1] not in _MAY_BEGIN:
                    call.size += len(more)
                    if call.size <= _MOST_CHARACTERS:
                        call.pieces.append(more)
                    return piece if call.place == index else {**piece, "index": call.place}
        return self._slowly(piece, chunk)

    def _slowly(self, piece: Mapping[str, Any], chunk: Mapping[str, Any]) -> Mapping[str, Any]:
        said_index, call_id = piece.get("index"), string(piece.get("id"))
        index: int | None = said_index if type(said_index) is int else None
        key = "custom" if isinstance(piece.get("custom"), Mapping) else "function"
        said = mapping(piece.get(key))
        inner = "input" if key == "custom" else "arguments"
        name, arguments = string(said.get("name")), arguments_text(said.get(inner))
        call = self._call_of(index, call_id, name, arguments)
        begins, late = call is None, call is not None and not call.name
        if call is None:
            call = self._begun(index, call_id, name, chunk)
        call.name = call.name or name
        call.heard(arguments)
        out = {**piece, "index": call.place, key: {**said, inner: arguments}}
        if begins:
            out |= {"id": call.id, "type": piece.get("type") or key}
            out[key]["name"] = call.name
        else:  # both were said, and some clients add up what is said twice
            out.pop("id", None)
            if not late:
                out[key].pop("name", None)
        return out if out != piece else piece

    def _call_of(
        self, index: int | None, call_id: str, name: str, arguments: str
    ) -> "_Open | None":
        """The call that a piece goes on with; None where one begins."""
        if index is None:
            call = self._by_id.get(call_id) if call_id else None
            if call is not None:
                return call
            call = self._calls[-1] if self._calls else None
        else:
            call = self._at.get(index)
        if call is None or (call_id and call.said_id and call_id != call.said_id):
            return None
        if call_id and call_id == call.said_id:
            return call
        if name and call.name:
            # The same name once more is said of the same call as long as that is not whole.
            same = name == call.name and not call.whole()
            return call if same and (index is not None or arguments or call.size) else None
        return None if arguments.lstrip()[:1] == "{" and call.whole() else call

    def _begun(
        self, index: int | None, call_id: str, name: str, chunk: Mapping[str, Any]
    ) -> "_Open":
        place = len(self._calls)
        if not name and self._calls:
            name = self._calls[-1].name  # more arguments after whole ones: the same tool again
        taken = not call_id or call_id in self._by_id
        made = made_id(chunk, place, name) if taken else call_id
        call = _Open(place, made, call_id, name)
        self._calls.append(call)
        self._at[place if index is None else index] = call
        self._by_id.setdefault(made, call)
        return call


class _Open:
    """A call that may still go on."""

    __slots__ = ("_tries", "id", "name", "pieces", "place", "said_id", "size")

    def __init__(self, place: int, made: str, said_id: str, name: str) -> None:
        self.place = place
        self.id = made
        self.said_id = said_id
        self.name = name
        self.pieces: list[str] = []
        self.size = 0
        self._tries = 0

    def heard(self, arguments: str) -> None:
        """Take more of the arguments."""
        self.size += len(arguments)
        if self.size <= _MOST_CHARACTERS:
            self.pieces.append(arguments)

    def whole(self) -> bool:
        """Whether the arguments so far are an object, so that nothing can follow."""
        if self._tries >= _MOST_TRIES or self.size > _MOST_CHARACTERS:
            return False
        said = "".join(self.pieces)
        self.pieces = [said]
        if not said.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(said), dict)
        except (ValueError, RecursionError):
            self._tries += 1
            return False


def arguments_text(said: object) -> str:
    """Arguments as text: some servers write the object itself.

    >>> arguments_text('{"a":'), arguments_text({"a": 1}), arguments_text(None)
    ('{"a":', '{"a":1}', '')
    """
    if isinstance(said, str):
        return said
    return "" if said is None else json_text(said)


def with_ids(parts: tuple[Part, ...], answer: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts of a whole answer, each call with an id of its own.

    Args:
        parts: of the answer.
        answer: the whole of it, for ids that are made.
    """
    taken: set[str] = set()
    out: list[Part] = []
    for part in parts:
        if isinstance(part, ToolCall):
            own = part.id and part.id not in taken
            call = part if own else replace(part, id=made_id(answer, len(taken), part.name))
            taken.add(call.id)
            out.append(call)
        else:
            out.append(part)
    return tuple(out)


def made_id(answer: Mapping[str, Any], place: int, name: str) -> str:
    """An id for a call that has none: the same for the same answer, and another for the next one.

    Args:
        answer: its chunk or the whole of it, of which the id and the time are taken.
        place: of the call among those of the answer.
        name: of the function.
    """
    seed = f"{answer.get('id')}|{answer.get('created')}|{place}|{name}"
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=12)
    return f"call_{digest.hexdigest()}"
