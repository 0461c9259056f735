"""What a chat is about: what a person asked last, and in what setting.

Classifiers read it in place of the messages, which in an agent's request are mostly its program's:
reminders, results of tools, a system prompt of pages. One pass, for all that need it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tierwatch.routing.content import role_text_images
from tierwatch.routing.harness import human_text, written_by_person
from tierwatch.routing.languages import is_few_words

_RESULT_ROLES = frozenset({"tool", "function"})
# A line beside results of tools, such as "Continue.": what is asked is what was asked before.
_ASIDE_CHARACTERS = 24


class Task(NamedTuple):
    """What a chat is about.

    Attributes:
        prompt: what a person asked last; where nobody did, the last text there is.
        before: what they asked before that; empty where it is the first.
        turns: how often a person has spoken.
        asked: characters of all that persons wrote.
        history: characters of answers and of what tools gave.
        results: whether results of tools have come that no answer has followed.
        images: pictures in all messages.
    """

    prompt: str
    before: str
    turns: int
    asked: int
    history: int
    results: bool
    images: int


def task_of(messages: Sequence[Mapping[str, Any]]) -> Task:
    """The task of a chat in OpenAI's dictionaries. Never raises: what cannot be read says nothing.

    >>> reminder = "<system-reminder>The date is 1 May.</system-reminder>"
    >>> task = task_of([{"role": "user", "content": f"{reminder}Fix it."},
    ...                 {"role": "assistant", "content": None, "tool_calls": []},
    ...                 {"role": "tool", "content": "1 test failed"}])
    >>> task.prompt, task.turns, task.results
    ('Fix it.', 1, True)
    """
    prompt = before = fallback = ""
    turns = asked = history = images = 0
    results = False
    for message in messages:
        role, text, shown = role_text_images(message)
        images += shown
        fallback = text or fallback
        if role == "user":
            written = _written(message, text)
            if (text and not written) or (results and turns and _is_aside(written)):
                continue
            turns += 1
            asked += len(written)
            before, prompt = prompt, written
        elif role in _RESULT_ROLES:
            results = True
            history += len(text)
        elif role == "assistant":
            results = False
            history += len(text)
    if not turns:
        prompt, asked, results = fallback, len(fallback), False
    return Task(prompt, before, turns, asked, history, results, images)


def _written(message: Mapping[str, Any], text: str) -> str:
    content = message.get("content")
    return written_by_person(text) if isinstance(content, str) else human_text(message)


def _is_aside(text: str) -> bool:
    return len(text) <= _ASIDE_CHARACTERS and is_few_words(text)
