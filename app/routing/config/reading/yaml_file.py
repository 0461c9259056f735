"""Reads a YAML file and notes the line of every key; no tag may build anything but plain values."""

import os
from pathlib import Path
from typing import Any

import yaml

from tierwatch.errors import ConfigError
from tierwatch.routing.config.reading.document import Document, Problem, config_error
from tierwatch.routing.config.reading.shown import Loc, dotted, may_be_secret

# A configuration has some hundred values. The limits stop a file whose aliases unfold into
# millions of values, or into themselves.
_MOST_NODES = 20_000
_DEEPEST = 50

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
_TEXT_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "timestamp", "value")}


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: the file cannot be read, is not YAML, repeats a key, or holds something else.
    """
    name = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            [f"{name}: cannot be read ({error.strerror}); accepted a YAML file"]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{name}:1: found bytes that are not UTF-8; accepted UTF-8"]) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # Not str(error): it quotes the line, which may hold a secret.
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        found = "a syntax error" if may_be_secret(str(error.problem)) else error.problem
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
