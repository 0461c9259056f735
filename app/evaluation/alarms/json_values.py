"""Whether a value is JSON, and whether two are the same."""

import math
from collections.abc import Mapping
from typing import Any, NoReturn


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which `json.loads` would take.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not JSON")


def is_json(value: Any) -> bool:
    """Whether a value of ours can be written as JSON.

    >>> is_json({"seats": [6, None]}), is_json({6: "seats"}), is_json(float("nan"))
    (True, False, False)
    """
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


def same_json(wanted: Any, said: Any) -> bool:
    """Equality of JSON values, in which true is not 1; as deep as ``wanted`` is.

    >>> same_json({"seats": 6}, {"seats": 6.0}), same_json([1], [True])
    (True, False)
    """
    if isinstance(wanted, Mapping):
        return (
            isinstance(said, dict)
            and wanted.keys() == said.keys()
            and all(same_json(item, said[key]) for key, item in wanted.items())
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(said, list)
            and len(wanted) == len(said)
            and all(same_json(*items) for items in zip(wanted, said, strict=True))
        )
    return isinstance(wanted, bool) == isinstance(said, bool) and bool(wanted == said)
