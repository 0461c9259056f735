"""Codec: JSON from a frozen dataclass and back, by the types of its fields.

A field is a key. One with a default is a key that came later: where a stored document lacks it, the
default stands. A key that no field has is passed over, so a key that may be ignored can be added
without a new version. Understood are numbers, strings, booleans, ``X | None``, literals, tuples,
``Mapping[str, X]`` and further dataclasses of such fields.
"""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimate import Estimate

T = TypeVar("T")

# What a bigint of Postgres holds: every count and every id that we have ever stored.
_MOST: Final = 2**63 - 1
# Of a string that is not accepted, as much is shown.
_SHOWN: Final = 40


class MisreadError(ValueError):
    """A document that is not of the type asked for; says where, what was found, what is accepted.

    It stays within this package: `Document.from_json` makes one error for callers of it.
    """


def plain(value: object) -> Any:
    """A value as JSON has it: an estimate's open end is None, a tuple a list.

    >>> plain(Estimate(0.25, 0.1, float("inf"), 40, "ratio"))
    {'value': 0.25, 'low': 0.1, 'high': None, 'n': 40, 'method': 'ratio'}
    """
    if isinstance(value, Estimate):
        return {
            "value": _finite(value.value),
            "low": _finite(value.low),
            "high": _finite(value.high),
            "n": value.n,
            "method": value.method,
        }
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def read(of: type[T], document: object, at: str = "") -> T:
    """A dataclass from its JSON.

    Args:
        of: the dataclass.
        document: from ``json.loads``.
        at: where it stands in the whole, for the error.

    Raises:
        MisreadError: a key is missing, or a value is of another type or outside its range.

    >>> read(Estimate, {"value": None, "low": 0, "high": None, "n": 3, "method": "ratio"})
    Estimate(value=None, low=0.0, high=inf, n=3, method='ratio')
    """
    given = _arguments(of, document, at)
    try:
        return of(**given)
    except EvidenceError as problem:
        raise MisreadError(f"{at or 'the document'}: {problem}") from None


def _arguments(of: type, document: object, at: str) -> dict[str, Any]:
    """What a dataclass is made of."""
    if not isinstance(document, Mapping):
        raise _misread(at, document, "an object")
    given = {}
    for name, hint, required in _keys(of):
        place = f"{at}.{name}" if at else name
        if name in document:
            given[name] = _value(hint, document[name], place)
        elif required:
            raise MisreadError(f"{place}: missing")
    return given


@cache
def _keys(of: type) -> tuple[tuple[str, Any, bool], ...]:
    """Name, type, and whether it must be there, of each field."""
    hints = get_type_hints(of)
    if of is Estimate:  # an end that is open is null
        hints |= {"low": _Low, "high": _High}
    return tuple(
        (field.name, hints[field.name], field.default is field.default_factory is MISSING)
        for field in fields(of)
    )


class _Low:
    """In place of the type of an estimate's lower end."""


class _High:
    """In place of the type of an estimate's upper end."""


def _value(hint: Any, value: object, at: str) -> Any:
    """One value by the type of its field."""
    if hint in _SCALARS:
        return _SCALARS[hint](value, at)
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, at)
    origin, of = get_origin(hint), get_args(hint)
    if origin is Literal:
        if not isinstance(value, str) or value not in of:
            raise _misread(at, value, " or ".join(of))
        return value
    if origin in {Union, types.UnionType}:
        (inner,) = (each for each in of if each is not types.NoneType)
        return None if value is None else _value(inner, value, at)
    if origin is tuple:
        return _tuple(of, value, at)
    if origin is Mapping:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise _misread(at, value, "an object")
        return {name: _value(of[1], item, f"{at}.{name}") for name, item in value.items()}
    raise TypeError(f"{at}: no document has a field of type {hint}")


def _tuple(of: tuple[Any, ...], value: object, at: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _misread(at, value, "a list")
    if of[1:] == (...,):
        of = (of[0],) * len(value)
    if len(of) != len(value):
        raise MisreadError(f"{at}: found {len(value)} items; accepted are {len(of)}")
    return tuple(
        _value(hint, item, f"{at}[{place}]")
        for place, (hint, item) in enumerate(zip(of, value, strict=True))
    )


def _number(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _misread(at, value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise _misread(at, value, "a number") from None
    if not math.isfinite(number):
        raise _misread(at, value, "a finite number")
    return number


def _whole(value: object, at: str) -> int:
    """A whole number; JSON does not tell 5 from 5.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        raise _misread(at, value, "a whole number below 2^63")
    return value


def _null(value: object, at: str) -> None:
    if value is not None:
        raise _misread(at, value, "null")


def _string(value: object, at: str) -> str:
    if not isinstance(value, str):
        raise _misread(at, value, "a string")
    return value


def _flag(value: object, at: str) -> bool:
    if not isinstance(value, bool):
        raise _misread(at, value, "true or false")
    return value


def _low(value: object, at: str) -> float:
    return -math.inf if value is None else _number(value, at)


def _high(value: object, at: str) -> float:
    return math.inf if value is None else _number(value, at)


_SCALARS: Final[Mapping[Any, Any]] = {
    float: _number,
    int: _whole,
    str: _string,
    bool: _flag,
    types.NoneType: _null,
    _Low: _low,
    _High: _high,
}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _misread(at: str, value: object, accepted: str) -> MisreadError:
    return MisreadError(f"{at or 'the document'}: found {_found(value)}; accepted is {accepted}")


def _found(value: object) -> str:
    """A value in an error: a few words of it, whatever it is."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
    if isinstance(value, int) and abs(value) > _MOST:  # Python writes no 4,300 digits
        return "a number beyond 2^63"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    kind = type(value).__name__
    return {"dict": "an object", "list": "a list"}.get(kind, kind)
