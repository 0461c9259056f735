"""What is accepted as a password, how it is kept, and that a wrong one costs as much as a right."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
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


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("x" * 12, 'Repeats like "aaa" are easy to guess'),
        ("a" * LONGEST_PASSWORD, "Repeats like"),
        ("password1234", "This is a very common password"),
        ("qwertyuiop12", "This is similar to a commonly used password"),
        ("adminadminadmin", "Repeats like"),
        ("tierwatchtierwatch", "Repeats like"),
        ("ada.lovelace", "made of common words"),
        ("abcdefabcdef", "Repeats like"),
    ],
)
def test_what_is_guessed_first_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(UsageError, match="too easy to guess") as refused:
        accepted_password(password, name="ada.lovelace")
    assert why in str(refused.value)
    assert "accepted: 12 characters or more that are not common words" in str(refused.value)
    assert password not in str(refused.value)


def test_the_own_name_is_worth_nothing() -> None:
    password = "margarethe-hamilton-7"
    assert accepted_password(password, name="ada") == password
    with pytest.raises(UsageError, match="too easy"):
        accepted_password(password, name=password)


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "another long password",
        "тридцать три коровы",
        "0Yp-Qx8_lk3AwZ1b",
        "z9!" + PASSWORD,
    ],
)
def test_words_that_have_nothing_to_do_with_each_other_are_accepted(password: str) -> None:
    assert accepted_password(password, name="ada") == password


def test_an_endless_one_is_read_at_its_beginning_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import zxcvbn

    read: list[int] = []
    real = zxcvbn.zxcvbn

    def noting(password: str, **how: object) -> object:
        read.append(len(password))
        return real(password, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(zxcvbn, "zxcvbn", noting)
    accepted_password((PASSWORD + " staple ") * 30, name="ada")
    assert read == [72]


@given(st.text(min_size=12, max_size=80), st.text(max_size=40))
@settings(deadline=None, max_examples=60)
def test_whatever_is_typed_gets_an_answer(password: str, name: str) -> None:
    said = "password: too easy to guess. "
    try:
        assert accepted_password(password, name=name) == password
    except UsageError as refused:
        said = str(refused)
    assert said.startswith("password: too easy to guess. ")


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
