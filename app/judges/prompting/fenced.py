"""A judge's prompt: texts by people and models, between fences that none of them can close."""

import functools
from collections.abc import Callable, Mapping
from importlib.resources import files
from string import Template
from typing import Any

from tierwatch.errors import JudgeError

# What is tried of the room for texts where the model says that the prompt is too long.
ROOMS = (1.0, 0.5, 0.25)
# One retry: a reply that is of no use is mostly chance, twice in a row it is a habit.
TRIES = 2
_NONCE_TRIES = 8


@functools.cache
def judge_prompt(name: str) -> tuple[Template, Template]:
    """System and user part of a prompt, such as ``pairwise_v2``. A published one is never edited.

    Raises:
        JudgeError: there is no such prompt.
    """
    try:
        text = (files("tierwatch.judges") / "prompts" / f"{name}.txt").read_text("utf-8")
    except OSError as missing:
        raise JudgeError(f"There is no judge's prompt {name!r}.") from missing
    system, user = text.removeprefix("[system]\n").split("\n[user]\n")
    return Template(system), Template(user.rstrip("\n"))


def fenced(
    prompt: tuple[Template, Template], data: Mapping[str, str], nonce: Callable[[], str]
) -> list[dict[str, Any]]:
    """The messages of a prompt with texts in it, under a code that no text holds.

    Args:
        prompt: from `judge_prompt`.
        data: each text by its name in the prompt.
        nonce: gives a code; the authors of the texts must not be able to guess it.

    Raises:
        JudgeError: the texts hold what cannot be guessed.
    """
    code = _fresh_nonce("\n".join(data.values()), nonce)
    system, user = prompt
    return [
        {"role": "system", "content": system.substitute(nonce=code)},
        {"role": "user", "content": user.substitute(data, nonce=code)},
    ]


def _fresh_nonce(text: str, nonce: Callable[[], str]) -> str:
    """A code that the text does not hold in either case, so no line of it can be a fence."""
    lowered = text.lower()
    for _ in range(_NONCE_TRIES):
        code = nonce()
        if code.lower() not in lowered:
            return code
    raise JudgeError(
        f"The text to judge held {_NONCE_TRIES} fence codes in a row: they can be guessed."
    )
