"""Reading what a model replied to ragas' prompts: complete, or not at all. Knows no ragas.

ragas takes the mean over whatever list came back: a verdict that was left out, or that is neither
0 nor 1, moves the score and nobody sees it.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.reply import escaped_backslashes, said_aloud

Model = TypeVar("Model", bound=BaseModel)


def read_object(reply: str, form: type[Model]) -> Model:
    """The reply's object, in the form that ragas asked for.

    Prose, code fences and thoughts round it are left out; raw line breaks and backslashes that
    begin no escape count as they stand.

    Raises:
        UnreadableVerdictError: there is none of that form.
    """
    text = said_aloud(reply)
    text = text[text.find("{") : text.rfind("}") + 1]
    try:
        return form.model_validate_json(text)
    except ValidationError as problem:
        why = str(problem.errors()[0]["msg"])
    try:
        return form.model_validate(json.loads(escaped_backslashes(text), strict=False))
    except (ValidationError, ValueError, RecursionError):
        raise UnreadableVerdictError(why) from None


def incomplete(reply: BaseModel, asked: Sequence[str]) -> str:
    """Why a reply cannot be scored; empty when it can, and where it is no list of verdicts.

    Args:
        reply: to one of ragas' prompts.
        asked: the statements that were to be checked.
    """
    noncommittal = getattr(reply, "noncommittal", 0)
    if noncommittal not in {0, 1}:
        return f"noncommittal is {noncommittal}, not 0 or 1"
    if not getattr(reply, "question", "?"):
        return "it holds no question"
    verdicts = getattr(reply, "statements", None)
    if verdicts is None or any(isinstance(one, str) for one in verdicts):
        return ""  # no list, or the statements themselves
    return _list_fault(verdicts, asked)


def _list_fault(verdicts: Sequence[Any], asked: Sequence[str]) -> str:
    strange = [one.verdict for one in verdicts if one.verdict not in {0, 1}]
    if strange:
        return f"a verdict is {strange[0]}, not 0 or 1"
    if len(verdicts) != len(asked):
        return f"it holds {len(verdicts)} verdicts for {len(asked)} statements"
    if len({_plain(one.statement) for one in verdicts}) < len(set(map(_plain, asked))):
        return "it holds two verdicts for one statement"
    return ""


def _plain(statement: str) -> str:
    return "".join(sign for sign in statement.casefold() if sign.isalnum())
