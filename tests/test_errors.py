"""The tree at the top of `errors` is the one that is there, and says what it promises."""

import inspect
import re

import pytest

from tierwatch import errors
from tierwatch.errors import ConfigError, ProviderError, TierwatchError, UsageError

CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if inspect.isclass(found) and issubclass(found, Exception)
}


def drawn() -> dict[str, str]:
    """Each class of the picture -> the one above it."""
    above: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([│├└─ ]*)([A-Z]\w+Error)\b", line)
        if match:
            del path[len(match[1]) // 4 :]
            above[match[2]] = path[-1] if path else ""
            path.append(match[2])
    return above


def test_the_picture_is_the_tree() -> None:
    tree = {name: found.__mro__[1].__name__ for name, found in CLASSES.items()}
    assert drawn() == tree | {"TierwatchError": ""}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_one_except_catches_every_error_of_ours(name: str) -> None:
    assert issubclass(CLASSES[name], TierwatchError)
    assert CLASSES[name].__doc__


def test_a_configuration_s_problems_are_all_in_its_message() -> None:
    error = ConfigError(["a.yaml:1: x: no", "a.yaml:2: y: no"])
    assert isinstance(error, UsageError)
    assert str(error) == "a.yaml:1: x: no\na.yaml:2: y: no"
    assert error.problems == ["a.yaml:1: x: no", "a.yaml:2: y: no"]


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("timeout", True), ("connection", True), ("rate_limited", True), ("server", True),
        ("unreadable", True), ("cut", True), ("left_alone", True), ("refused", False),
    ],
)  # fmt: skip
def test_only_a_refused_call_is_not_worth_another_try(kind: str, *, again: bool) -> None:
    error = ProviderError("no answer", kind=kind, status=400, retry_after_s=2.0, body="why")
    assert error.retryable is again
    assert (error.status, error.retry_after_s, error.body) == (400, 2.0, "why")
    assert error.billed == (0, 0, 0, 0)
    assert error.spent_usd == 0


def test_bad_evidence_is_a_bad_value_too() -> None:
    assert issubclass(errors.EvidenceError, ValueError)
