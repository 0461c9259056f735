"""What is accepted as a password, how it is kept, and that a wrong one costs as much as a right."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import UsageError
from tierwatch.store.people import passwords
from tierwatch.store.people.passwords import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    accepted_password,
    is_password,
    one_time_password,
    password_hash,
    stamp_of,
)

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = password_hash(PASSWORD), password_hash(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$")
    assert PASSWORD not in first
    assert is_password(first, PASSWORD)
    assert is_password(second, PASSWORD)


@pytest.mark.parametrize("shown", ["", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper(), "\ud800"])
def test_another_one_is_not_it(shown: str) -> None:
    try:
        assert not is_password(password_hash(PASSWORD), shown)
    except UnicodeEncodeError:  # pages replace lone surrogates before they ask
        assert shown == "\ud800"


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=8"])
def test_nothing_is_the_password_of_whoever_has_none(stored: str | None) -> None:
    assert not is_password(stored, PASSWORD)
    assert not is_password(stored, "")


def test_the_default_hash_is_the_strong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert "$argon2id$v=19$m=65536,t=3," in password_hash(PASSWORD)


@pytest.mark.parametrize("length", [0, 1, SHORTEST_PASSWORD - 1, LONGEST_PASSWORD + 1, 10**6])
def test_a_length_that_is_refused_is_said_with_what_is_accepted(length: int) -> None:
    with pytest.raises(UsageError, match=f"found {length} characters; accepted: 12 to 1000"):
        accepted_password("é" * length)


@given(st.none() | st.text(min_size=1))
def test_a_stamp_says_nothing_of_the_hash(stored: str | None) -> None:
    stamp = stamp_of(stored)
    assert stamp == stamp_of(stored)
    assert len(stamp) == (0 if stored is None else 16)
    assert stamp_of((stored or "") + "x") != stamp


def test_one_time_passwords_are_accepted_and_differ() -> None:
    found = {one_time_password() for _ in range(50)}
    assert len(found) == 50
    assert {len(one) for one in found} == {16}
    assert all(accepted_password(one) == one for one in found)
