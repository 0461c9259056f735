"""Four roles, each with what the ones before it may; names that can be typed and shown."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import UsageError
from tierwatch.store.people.roles import (
    ROLES,
    Person,
    Role,
    accepted_name,
    accepted_role,
    accepted_user_name,
)


def test_each_role_includes_the_ones_before_it() -> None:
    for place, role in enumerate(ROLES):
        allowed = [needed for needed in ROLES if Person("ada", role).may(needed)]
        assert allowed == list(ROLES[: place + 1])


def test_the_order_names_every_role_once() -> None:
    assert sorted(ROLES) == sorted(get_args(Role))


@pytest.mark.parametrize("role", ROLES)
def test_a_known_role_is_itself(role: Role) -> None:
    assert accepted_role(role) == role


@given(st.text().filter(lambda role: role not in ROLES))
def test_another_role_is_refused_with_those_there_are(role: str) -> None:
    with pytest.raises(UsageError, match="accepted: viewer, reviewer, approver, admin"):
        accepted_role(role)


@pytest.mark.parametrize("name", ["a", "ada", "ada@example.org", "Ада", "n" * 100, "токен-1"])
def test_a_name_that_can_be_typed_is_itself(name: str) -> None:
    assert accepted_name(name) == name


@pytest.mark.parametrize("name", ["a/b", "/", ".", ".."])
def test_a_name_that_would_be_another_address_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no spaces, no slash"):
        accepted_name(name)


@given(st.text(min_size=101) | st.text().map(lambda text: f"{text} {text}") | st.just(""))
def test_others_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="accepted: 1 to 100 characters, no spaces"):
        accepted_name(name)


@given(st.text(min_size=1, max_size=100))
def test_what_is_accepted_stands_on_one_line(name: str) -> None:
    try:
        accepted_name(name)
    except UsageError:
        return
    assert len(name.splitlines()) == 1
    assert name.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "token:ci",
        "Token:ci",
        "tierwatch",
        "Tierwatch",
        "configuration",
        "command.line",
        "oidc",
        "proxy",
    ],
)
def test_no_user_is_called_what_the_audit_calls_others(name: str) -> None:
    with pytest.raises(UsageError, match="which the audit uses"):
        accepted_user_name(name)


@pytest.mark.parametrize(
    "name",
    ["\u0430da", "ad\u03b1", "\uff41da", "\ufb01a", "ada\u2024b", "e\u0301ve"],
    ids=["cyrillic", "greek", "full width", "ligature", "one dot leader", "two characters for one"],
)
def test_no_user_is_called_what_looks_like_another_name(name: str) -> None:
    with pytest.raises(UsageError, match="one alphabet"):
        accepted_user_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ada",
        "Jos\u00e9",
        "\u0410\u0434\u0430",
        "\u5c71\u7530taro",
        "o'hara-2",
        "ada@example.org",
        "tokens",
    ],
)
def test_names_of_one_alphabet_are_themselves(name: str) -> None:
    assert accepted_user_name(name) == name
