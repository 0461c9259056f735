"""The objects of a body: a JSON array, one object, or an object a line."""

from typing import Any, NamedTuple

from tierwatch.intake.unreadable import UnreadableError
from tierwatch.wire.json_bytes import read_outside_json


class Objects(NamedTuple):
    """What a body holds.

    Attributes:
        found: the objects, in their order.
        bad: how many lines or elements are none.
    """

    found: list[dict[str, Any]]
    bad: int


def objects_of(body: bytes) -> Objects:
    r"""The objects of a body.

    Raises:
        UnreadableError: there is none.

    >>> objects_of(b'[{"a": 1}, 2]')
    Objects(found=[{'a': 1}], bad=1)
    >>> objects_of(b'{"a": 1}\n{"a": 2}\n{"a"')
    Objects(found=[{'a': 1}, {'a': 2}], bad=1)
    """
    try:
        value = read_outside_json(body)
    except ValueError as problem:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) <= 1:
            raise UnreadableError(
                f"found no JSON ({problem}); accepted: a JSON array of objects, one object, or one"
                " object a line"
            ) from problem
        return _of_lines(lines)
    values = value if isinstance(value, list) else [value]
    return _only_objects(values)


def _of_lines(lines: list[bytes]) -> Objects:
    values: list[object] = []
    for line in lines:
        try:
            values.append(read_outside_json(line))
        except ValueError:
            values.append(None)
    return _only_objects(values)


def _only_objects(values: list[Any]) -> Objects:
    found = [one for one in values if isinstance(one, dict)]
    if values and not found:
        raise UnreadableError(
            "found no object; accepted: a JSON array of objects, one object, or one object a line"
        )
    return Objects(found, len(values) - len(found))
