"""A YAML file with the line of every key, checked against pydantic models.

Each problem is one sentence, ``file:line: key: found X; accepted Y``, and all of them are listed
at once. A value that may be a secret is never repeated in a sentence.
"""

import difflib
import os
import re
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from tierwatch.errors import ConfigError

Loc = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

# A configuration has some hundred values. The limits stop a file whose aliases unfold into
# millions of values, or into themselves.
_MOST_NODES = 20_000
_DEEPEST = 50
_LONGEST_FOUND = 60

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
_TEXT_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "timestamp", "value")}
# Keys that hold secrets or may carry one (user:password@host, a webhook's token in its path).
_SECRET_KEY = re.compile(r"key|secret|token$|password|url|authorization", re.IGNORECASE)
_HIDDEN = "(hidden)"
_SECRET_VALUE = re.compile(
    r"(?:\b(?:sk|pk|rk|xox[a-z]|gh[a-z]|glpat|AKIA|AIza|hf|Bearer)[-_ A-Z0-9]|[A-Za-z0-9+/_]{32})"
)


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


def dotted(loc: Loc) -> str:
    """A path as people write it: ``routing.tiers.simple.model``, ``notify[0].url``."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_HIDDEN if _may_be_secret(part) else part}"
        for part in loc
    )
    return text.removeprefix(".")


def _may_be_secret(text: str) -> bool:
    return _SECRET_VALUE.search(text) is not None


def shown(value: object, loc: Loc) -> str:
    """What was found, fit for a message: short, and never a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    text = str(value)
    named_secret = any(isinstance(part, str) and _SECRET_KEY.search(part) for part in loc)
    if isinstance(value, str) and (named_secret or _may_be_secret(text)):
        return "a value that is not shown, since it may be secret"
    if isinstance(value, bool):
        return text.lower()
    return repr(text[:_LONGEST_FOUND]) if isinstance(value, str) else text[:_LONGEST_FOUND]


def accepted_keys(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section, as they are written in the file."""
    return {
        str(field.validation_alias or name): field for name, field in section.model_fields.items()
    }


def section_at(section: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model that reads the mapping at ``path`` below ``section``."""
    annotation: Any = section
    for part in path:
        annotation = _step(annotation, part)
    return next(iter(_models_in(annotation)))


def _step(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return accepted_keys(annotation)[str(part)].annotation
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        return arguments[0]
    if typing.get_origin(annotation) is Mapping:
        return arguments[1]
    return _step(next(argument for argument in arguments if _models_in(argument)), part)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: the file cannot be read, is not YAML, repeats a key, or holds something else.
    """
    name = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{name}:1: found {error.strerror}; accepted a YAML file"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{name}:1: found bytes that are not UTF-8; accepted UTF-8"]) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # Not str(error): it quotes the line, which may hold a secret.
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        found = "a syntax error" if _may_be_secret(str(error.problem)) else error.problem
        raise ConfigError([f"{name}:{line}: found {found}; accepted YAML"]) from None
    except (yaml.YAMLError, RecursionError):
        raise ConfigError(
            [f"{name}:1: found control characters or nesting; accepted YAML"]
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError([f"{name}:1: found no mapping; accepted sections such as `routing:`"])
    reader = _Reader(name)
    data = reader.value(node, ())
    if reader.problems:
        raise config_error(reader.problems)
    return Document(name, data, reader.lines)


class _Reader:
    """Turns composed nodes into plain values and notes where each one stood."""

    def __init__(self, path: str) -> None:
        self.lines: dict[Loc, int] = {}
        self.problems: list[Problem] = []
        self._path = path
        self._nodes = 0
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(loc) > _DEEPEST:
            self._refuse(node, (), "more values than a configuration has", "no nested aliases")
            raise config_error(self.problems)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            for index, entry in enumerate(node.value):
                self.lines[(*loc, index)] = entry.start_mark.line + 1
            return [self.value(entry, (*loc, index)) for index, entry in enumerate(node.value)]
        return self._scalar(node, loc)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.endswith(":merge"):
                self._refuse(key_node, loc, "a key that is not plain text", "plain keys")
                continue
            key = str(key_node.value)
            if key in data:
                self._refuse(key_node, (*loc, key), "the key a second time", "each key once")
                continue
            self.lines[(*loc, key)] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, (*loc, key))
        return data

    def _scalar(self, node: yaml.Node, loc: Loc) -> Any:
        if node.tag in _TEXT_TAGS:
            return node.value
        if node.tag in _PLAIN_TAGS:
            try:
                return self._scalars.construct_object(node)
            except (ValueError, LookupError):
                pass  # 10,000 digits, or !!int or !!bool over a word: refused below
        self._refuse(node, loc, "a value of another type", "text, numbers, true or false")
        return None

    def _refuse(self, node: yaml.Node, loc: Loc, found: str, accepted: str) -> None:
        line = node.start_mark.line + 1
        where = f"{self._path}:{line}: {dotted(loc) or 'file'}"
        self.problems.append(Problem(line, f"{where}: found {found}; accepted {accepted}"))
