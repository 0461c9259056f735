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


class Lacks(NamedTuple):
    """What a model is known to lack on its wire, made ready to be held against requests.

    Attributes:
        checks: names of what is lacking, each with the question whether a request needs it.
        context: tokens that can be read; None where that is unknown.
    """

    checks: tuple[tuple[str, Callable[[Needs], bool]], ...] = ()
    context: int | None = None


def lacks_of(facts: Facts, to: str) -> Lacks:
    """What a model with these facts lacks, where it is called on the wire ``to``."""
    checks = [(name, check) for name, check in _CHECKS if getattr(facts, name) is False]
    if facts.structured_output is False:
        checks.append(("structured_output", _schema_asked(to)))
    if facts.prefill is False:
        checks.append(("prefill", _prefilled(to)))
    return Lacks(tuple(checks), facts.context)


def fits_not(lacks: Lacks, needs: Needs) -> str:
    """The first thing that the request needs and the model lacks; empty where there is none.

    >>> plain = Needs({"messages": [{"role": "user", "content": "Hello."}], "n": 2}, "openai")
    >>> fits_not(lacks_of(Facts(n=False), "anthropic"), plain)
    'n'
    """
    for name, is_needed in lacks.checks:
        if is_needed(needs):
            return name
    return "context" if lacks.context is not None and _exceeds(needs, lacks.context) else ""


def _exceeds(needs: Needs, context: int) -> bool:
    # A token has a byte or more, so that a short body is not looked at.
    if needs.size is not None and needs.size <= context:
        return False
    chat = needs.chat
    characters = request_characters(chat)
    tools = chat.get("tools")
    if tools:
        characters += len(json_text(tools))
    return estimated_tokens(characters) > context


def _media(*kinds: frozenset[str]) -> Callable[[Needs], bool]:
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


def _schema_asked(to: str) -> Callable[[Needs], bool]:
    def is_needed(needs: Needs) -> bool:
        # To Anthropic's wire another one's schema may go as an instruction, which everybody takes.
        if to == ANTHROPIC != needs.wire:
            return False
        return mapping(needs.chat.get("response_format")).get("type") == "json_schema"

    return is_needed


def _prefilled(to: str) -> Callable[[Needs], bool]:
    def is_needed(needs: Needs) -> bool:
        # OpenAI's models read it as history, which is what their own wire's callers mean by it.
        if ANTHROPIC not in (to, needs.wire):
            return False
        messages = needs.chat.get("messages")
        last = mapping(messages[-1]) if isinstance(messages, list) and messages else {}
        return last.get("role") == "assistant" and not last.get("tool_calls")

    return is_needed


_has_sound = _media(_AUDIO)
_CHECKS: tuple[tuple[str, Callable[[Needs], bool]], ...] = (
    ("tools", _has_tools),
    ("forced_tools", _forces_a_tool),
    ("n", _asks_for_several),
    ("images", _media(_IMAGES)),
    ("files", _media(_FILES)),
    ("audio", _has_audio),
)
