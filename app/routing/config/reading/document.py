"""A YAML file with the line of every key, checked against pydantic models.

Each problem is one sentence, ``file:line: key: found X; accepted Y``, and all of them are listed
at once. A value that may be a secret is never repeated in a sentence.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from tierwatch.errors import ConfigError
from tierwatch.routing.config.reading.schema import accepted_keys, section_at
from tierwatch.routing.config.reading.shown import Loc, dotted, shown

M = TypeVar("M", bound=BaseModel)


class Problem(NamedTuple):
    """One thing that is not accepted, with its line; problems sort in the order of the file."""

    line: int
    sentence: str


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """The error that lists the problems in the order of their lines, each once."""
    return ConfigError([problem.sentence for problem in sorted(set(problems))])


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file.

    Attributes:
        path: the file, as it was named.
        data: its top-level mapping.
        lines: where each key and list entry stands, by its path from the top; from 1.
    """

    path: str
    data: dict[str, Any]
    lines: Mapping[Loc, int]

    def beside(self, name: str) -> Path:
        """The file of that name, relative to the folder of this one."""
        return Path(self.path).parent / name

    def problem(self, loc: Loc, found: str, accepted: str) -> Problem:
        """The sentence for one problem. A key that is missing is placed at its parent's line."""
        lines = (self.lines.get(loc[:end]) for end in range(len(loc), 0, -1))
        line = next((line for line in lines if line is not None), 1)
        return Problem(
            line, f"{self.path}:{line}: {dotted(loc)}: found {found}; accepted {accepted}"
        )

    def check(
        self, file: type[M], *, only: Collection[str] | None = None
    ) -> tuple[M | None, list[Problem]]:
        """The file, or the sections ``only``, as a model; or None and every problem in it.

        A section that is named but empty counts as absent.
        """
        data = {key: value for key, value in self.data.items() if value is not None}
        if only is not None:
            data = {key: value for key, value in data.items() if key in only}
        try:
            return file.model_validate(data, by_alias=True, by_name=False), []
        except ValidationError as error:
            return None, [self._problem(file, problem) for problem in error.errors()]

    def _problem(self, file: type[BaseModel], error: ErrorDetails) -> Problem:
        loc: Loc = tuple(part for part in error["loc"] if part != "[key]")
        if error["type"] == "extra_forbidden":
            names = sorted(accepted_keys(section_at(file, loc[:-1])))
            close = difflib.get_close_matches(str(loc[-1]), names, 1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            return self.problem(loc, "an unknown key", f"{', '.join(names)}{hint}")
        if error["type"] == "missing":
            field = accepted_keys(section_at(file, loc[:-1])).get(str(loc[-1]))
            return self.problem(loc, "nothing", (field and field.description) or "a value")
        accepted = error.get("ctx", {}).get("accepted") or _ACCEPTED.get(error["type"])
        if error["type"] == "literal_error":
            accepted = error["ctx"]["expected"]
        return self.problem(loc, shown(error["input"], loc), accepted or error["msg"])


_ACCEPTED = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def not_accepted(accepted: str) -> PydanticCustomError:
    """The error by which a field says what it accepts."""
    return PydanticCustomError("not_accepted", "accepted: {accepted}", {"accepted": accepted})
