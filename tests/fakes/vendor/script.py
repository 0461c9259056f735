"""What the vendor says: it stands in the question.

A mark such as ``[[loop 5]]`` in the last words of the user that hold one:

``[[call 2 weather]]``  two calls at once, of that tool or of the first
``[[call 1 Read a.b]]`` a call of that tool with that path
``[[loop 5 Bash]]``     a call in each of five turns, then words
``[[length]]``          cut by the limit
``[[refuse]]``          a refusal
``[[long 3000]]``       so many words
``[[say something]]``   exactly that
``[[error 529]]``       that status, before anything else
``[[within]]``          an error after the first words of a stream
``[[break]]``           the connection ends after the first words
``[[slow 2]]``          so many seconds of silence before the first words
``[[together 50 x]]``   silence until fifty questions with the name x are here at once
``[[odd NAME]]``        an odd shape that a server of somebody has (`odd`)

Without a mark: JSON where a schema was asked for, in a fence where it was asked for in words, else
a sentence that counts what was heard.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fakes.vendor.asked import Asked, digest
from fakes.vendor.models import Model
from fakes.vendor.schemas import sample

_MARK = re.compile(r"\[\[(\w+)(?: ([^\]]*))?\]\]")


class Call(NamedTuple):
    """A call of a tool; ``arguments`` is JSON, or text for a custom tool."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Answer:
    """What is said, whatever the wire, and what goes wrong on the way."""

    texts: tuple[str, ...]
    calls: tuple[Call, ...] = ()
    thinking: str = ""
    # stop | tools | length | refusal | stop_sequence
    end: str = "stop"
    stop: str | None = None
    prompt: int = 1
    cached: int = 0
    completion: int = 1
    status: int = 200
    # error | break, after the first words
    within: str = ""
    slow_s: float = 0
    together: str = ""
    odd: str = ""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        return self.texts[0]

    @property
    def reasoning_tokens(self) -> int:
        return len(self.thinking) // 4


def answer(asked: Asked, model: Model) -> Answer:
    """The answer to a question."""
    marks, results = _marks(asked)
    calls = _calls(asked, marks, results)
    thinking = "I shall think about it first." if _thinks(asked, model) else ""
    texts = [_text(asked, marks, results)] if not calls else [""]
    texts += [f"{texts[0]} (choice {n + 2})" for n in range(asked.options.get("n", 1) - 1)]
    end = "tools" if calls else "stop"
    for mark in ("length", "refuse"):
        end = {"length": "length", "refuse": "refusal"}[mark] if mark in marks else end
    stop = asked.options.get("stop") if "stop" in marks else None
    return Answer(
        texts=tuple(texts),
        calls=calls,
        thinking=thinking,
        end="stop_sequence" if stop else end,
        stop=stop[0] if stop else None,
        prompt=asked.prompt_tokens,
        cached=asked.prompt_tokens // 2 if len(asked.said) > 1 else 0,
        completion=max(1, sum(map(len, texts)) // 4) + 9 * len(calls) + len(thinking) // 4,
        status=int(marks.get("error", 200)),
        within="error" if "within" in marks else "break" if "break" in marks else "",
        slow_s=float(marks.get("slow", 0)),
        together=marks.get("together", ""),
        odd=marks.get("odd", ""),
    )


def _marks(asked: Asked) -> tuple[dict[str, str], list[str]]:
    """The marks of the last words that hold any, and the results that came after them."""
    results: list[str] = []
    for one in reversed(asked.said):
        if one.who == "result":
            results.insert(0, one.content if one.kind == "text" else f"[{one.kind}]")
        elif one.who == "user" and (found := _MARK.findall(one.content)):
            return dict(found), results
    return {}, results


def _calls(asked: Asked, marks: Mapping[str, str], results: list[str]) -> tuple[Call, ...]:
    forced = asked.options.get("tool_choice")
    mark = marks.get("call") or marks.get("loop")
    if not asked.tools or forced == "none":
        return ()
    if mark is None:
        if forced in {None, "auto"} or results:
            return ()
        mark = "1"
    number, wanted, path = (*mark.split(" ", 2), "", "")[:3]
    if "loop" in marks:
        count = 1 if len(results) < int(number) else 0
    else:
        count = 0 if results else int(number)
    name = next((t for t in (wanted, forced) if t in asked.tools), next(iter(asked.tools)))
    if asked.options.get("parallel") is False:
        count = min(count, 1)
    return tuple(_call(asked, name, len(results), place, path) for place in range(count))


def _call(asked: Asked, name: str, step: int, place: int, path: str) -> Call:
    number = step + place + 1
    given = {
        "command": f"echo step-{number}",
        "cmd": f"echo step-{number}",
        "city": ("Bern", "Oslo", "Rome", "Lima", "Kyiv")[(step + place) % 5],
    }
    given |= {"file_path": path} if path else {}
    schema = asked.tools[name].schema
    arguments = json.dumps(sample(schema, given)) if schema else f"echo step-{number}"
    called = digest(f"{asked.said!r}{name}{number}")
    return Call(f"call_{called}", name, arguments)


def _thinks(asked: Asked, model: Model) -> bool:
    if model.vendor == "anthropic":
        return "thinking" in asked.options
    default = "none" if "none" in model.efforts else "medium"
    return model.reasons and asked.options.get("effort", default) != "none"


def _text(asked: Asked, marks: Mapping[str, str], results: list[str]) -> str:
    if "say" in marks:
        return marks["say"]
    if "long" in marks:
        return " ".join(f"word{n}" for n in range(int(marks["long"])))
    if "refuse" in marks:
        return "I cannot help with that."
    if (shaped := _shaped(asked)) is not None:
        return shaped
    heard = [sum(one.kind == kind for one in asked.said) for kind in ("text", "image", "file")]
    if results:
        told = f"Done after {len(results)} results, the last: {results[-1][:200]}"
        return f"{told}; with {heard[1]} images" if heard[1] else told
    return "The answer is 42; I heard {} texts, {} images and {} files.".format(*heard)


def _shaped(asked: Asked) -> str | None:
    """JSON, where it was asked for."""
    schema: Any = asked.options.get("schema")
    if schema == "json":
        return json.dumps({"answer": 42})
    if schema is not None:
        return json.dumps(sample(schema, {"city": "Bern"}))
    if (described := _described(asked.system)) is not None:
        return f"```json\n{json.dumps(sample(described, {'city': 'Bern'}))}\n```"
    return None


def _described(system: str) -> Any:
    """The schema that stands in the system's words, None where none does.

    A model that is asked for JSON in words writes it in a fence, as often as not.
    """
    place = system.find("{")
    while place >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(system, place)
        except ValueError:
            found = None
        if isinstance(found, dict) and "properties" in found:
            return found
        place = system.find("{", place + 1)
    return None
