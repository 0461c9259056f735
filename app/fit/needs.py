"""What a request cannot do without, held against what a model is known to lack. Pure.

Leaving these out would change what is asked, so a request goes to another model instead.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tierwatch.routing.facts import Facts
from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.json_values import json_text, mapping
from tierwatch.wire.usage import estimated_tokens, request_characters

Chat = Mapping[str, Any]

_IMAGES = frozenset({"image_url", "input_image", "image"})
_FILES = frozenset({"file", "input_file", "document"})
_AUDIO = frozenset({"input_audio"})
_FORCED = ("function", "custom", "tool")


# No estimate counts more tokens than one in three bytes, which is a letter of Chinese: a body that
# is short enough need not be read.
_FEWEST_BYTES = 3


class Needs(NamedTuple):
    """A request, as far as it may ask too much of a model.

    Attributes:
        chat: in OpenAI's form.
        wire: the caller's.
        size: of the body, in bytes; None where nobody has counted.
    """

    chat: Chat
    wire: str
    size: int | None = None


Question = Callable[[Needs], bool]
Check = tuple[str, Question]


class Lacks(NamedTuple):
    """What a model is known to lack on its wire, made ready to be held against requests.

    Attributes:
        fields: top-level fields that a request has if it needs what is asked for by them.
        by_field: what those ask for and the model lacks, with the question whether they do.
        by_message: the same of what stands in messages.
        context: tokens that can be read; None where that is unknown.
    """

    fields: frozenset[str] = frozenset()
    by_field: tuple[Check, ...] = ()
    by_message: tuple[Check, ...] = ()
    context: int | None = None

    @property
    def names(self) -> list[str]:
        """What is lacking, in words."""
        return [name for name, _ in (*self.by_field, *self.by_message)]


def lacks_of(facts: Facts, to: str) -> Lacks:
    """What a model with these facts lacks, where it is called on the wire ``to``."""
    by_field = [*_BY_FIELD, ("structured_output", ("response_format",), _schema_asked(to))]
    by_message = [*_BY_MESSAGE, ("prefill", _prefilled(to))]
    lacking = [one for one in by_field if getattr(facts, one[0]) is False]
    return Lacks(
        frozenset(field for _, fields, _ in lacking for field in fields),
        tuple((name, check) for name, _, check in lacking),
        tuple(one for one in by_message if getattr(facts, one[0]) is False),
        facts.context,
    )


def fits_not(lacks: Lacks, needs: Needs) -> str:
    """The first thing that the request needs and the model lacks; empty where there is none.

    >>> plain = Needs({"messages": [{"role": "user", "content": "Hello."}], "n": 2}, "openai")
    >>> fits_not(lacks_of(Facts(n=False), "anthropic"), plain)
    'n'
    """
    if not lacks.fields.isdisjoint(needs.chat):
        for name, is_needed in lacks.by_field:
            if is_needed(needs):
                return name
    for name, is_needed in lacks.by_message:
        if is_needed(needs):
            return name
    return "context" if lacks.context is not None and _exceeds(needs, lacks.context) else ""


def _exceeds(needs: Needs, context: int) -> bool:
    if needs.size is not None and needs.size <= _FEWEST_BYTES * context:
        return False
    chat = needs.chat
    characters = request_characters(chat)
    tools = chat.get("tools")
    if tools:
        characters += len(json_text(tools))
    return estimated_tokens(characters) > context


def _media(*kinds: frozenset[str]) -> Question:
    wanted = frozenset().union(*kinds)

    def has_some(needs: Needs) -> bool:
        messages = needs.chat.get("messages")
        for message in messages if isinstance(messages, list) else ():
            content = message.get("content") if isinstance(message, dict) else None
            if isinstance(content, list):
                for part in content:
                    if isinstance(part, dict) and _kind(part) in wanted:
                        return True
        return False

    return has_some


def _kind(part: Chat) -> str:
    kind = part.get("type")
    return kind if isinstance(kind, str) else ""


def _has_audio(needs: Needs) -> bool:
    return needs.wire != ANTHROPIC and _has_sound(needs)  # that wire has no word for it


def _has_tools(needs: Needs) -> bool:
    return bool(needs.chat.get("tools") or needs.chat.get("functions"))


def _forces_a_tool(needs: Needs) -> bool:
    choice = needs.chat.get("tool_choice")
    return choice == "required" or mapping(choice).get("type") in _FORCED


def _asks_for_several(needs: Needs) -> bool:
    n = needs.chat.get("n")
    return isinstance(n, int) and n > 1


def _schema_asked(to: str) -> Question:
    def is_needed(needs: Needs) -> bool:
        # To Anthropic's wire another one's schema may go as an instruction, which everybody takes.
        if to == ANTHROPIC != needs.wire:
            return False
        return mapping(needs.chat.get("response_format")).get("type") == "json_schema"

    return is_needed


def _prefilled(to: str) -> Question:
    def is_needed(needs: Needs) -> bool:
        # OpenAI's models read it as history, which is what their own wire's callers mean by it.
        if ANTHROPIC not in (to, needs.wire):
            return False
        messages = needs.chat.get("messages")
        last = mapping(messages[-1]) if isinstance(messages, list) and messages else {}
        return last.get("role") == "assistant" and not last.get("tool_calls")

    return is_needed


_has_sound = _media(_AUDIO)
_BY_FIELD: tuple[tuple[str, tuple[str, ...], Question], ...] = (
    ("tools", ("tools", "functions"), _has_tools),
    ("forced_tools", ("tool_choice",), _forces_a_tool),
    ("n", ("n",), _asks_for_several),
)
_BY_MESSAGE: tuple[Check, ...] = (
    ("images", _media(_IMAGES)),
    ("files", _media(_FILES)),
    ("audio", _has_audio),
)
