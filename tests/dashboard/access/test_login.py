from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection

from tierwatch.dashboard.access.login import local_path
from tierwatch.store.people import passwords
from tierwatch.store.people.turns import Turns
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


def test_login_leads_to_where_one_wanted_to_go(connection: Connection, stranger: Any) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    away = stranger.get("/alerts/3?x=1").headers["Location"]
    assert stranger.log_in("ada", path=away).headers["Location"] == "/alerts/3?x=1"
    assert stranger.get("/").status_code == 200
    assert stranger.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", "", "//["]
)
def test_login_never_leads_off_the_site(wanted: str) -> None:
    assert local_path(wanted) == "/"


@pytest.mark.parametrize("name", ["ada", "eve", "nul\x00", "<script>", "x" * 10_000])
def test_wrong_name_or_password_get_one_answer(
    connection: Connection, stranger: Any, name: str
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    response = stranger.log_in(name, "wrong password")
    assert response.status_code == 401
    assert "Name or password is wrong." in response.text
    assert "<script>" not in response.text
    assert stranger.get("/").status_code == 302


def test_unknown_names_cost_a_hash_like_wrong_passwords(
    connection: Connection, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            checked.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    for name in ("ada", "eve"):
        assert stranger.log_in(name, "wrong password").status_code == 401
    assert len(checked) == 2
    assert all(stored.startswith("$argon2id$") for stored in checked)


def test_guessing_is_slowed_down_by_name_and_address(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    add_user(connection, "bob", PASSWORD, "viewer")
    for _ in range(5):
        assert stranger.log_in("ada", "wrong").status_code == 401

    refused = stranger.log_in("ada")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 300
    clock.now += 301
    assert stranger.log_in("ada").status_code == 302


def test_guessing_one_name_does_not_lock_another_out(connection: Connection, stranger: Any) -> None:
    add_user(connection, "bob", PASSWORD, "viewer")
    for _ in range(6):
        stranger.log_in("ada", "wrong")
    assert stranger.log_in("bob").status_code == 302


def test_logout_ends_the_session(viewer: Any) -> None:
    assert viewer.send("/logout", form_on="/").status_code == 302
    assert viewer.get("/").status_code == 302


def test_guessing_many_names_from_one_address_is_slowed_down(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    for number in range(30):
        assert stranger.log_in(f"name-{number}", "wrong").status_code == 401
    assert stranger.log_in("ada").status_code == 429
    clock.now += 301
    assert stranger.log_in("ada").status_code == 302


def test_who_comes_while_others_hash_is_asked_to_come_again(
    connection: Connection, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    turns = Turns(at_once=1, waiting=0, wait_s=0.01)
    monkeypatch.setattr(passwords, "_TURNS", turns)
    with turns.turn():
        refused = stranger.log_in("ada")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3")
    assert "Too many log in at this moment." in refused.text
    assert stranger.log_in("ada").status_code == 302
