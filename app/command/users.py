"""`tierwatch users`: people who may enter the dashboard."""

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tierwatch.command.terminal import ends_in_a_sentence, say, say_columns
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

ROLES = ("viewer", "reviewer", "approver", "admin")
ACTOR = "command line"


@click.group("users")
def command() -> None:
    """People who may enter the dashboard."""


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--subject", help="Who they are to another program that lets them in; no password.")
@ends_in_a_sentence
def add(name: str, role: str, subject: str | None) -> None:
    """Add NAME and print a one-time password."""
    if subject is None:
        say(f"{name} ({role}), one-time password: {new_user(None, name, role)}")
        return
    from tierwatch.store.people.accounts import add_external_user

    with changing() as connection:
        add_external_user(connection, name, subject, role, actor=ACTOR)
    say(f"{name} ({role}), enters as {subject}")


@command.command("list")
@ends_in_a_sentence
def list_users() -> None:
    """List everybody: role, state, newest login, and how they enter."""
    from tierwatch.store.people.accounts import users

    with changing() as connection:
        found = users(connection)
    say_columns(
        (
            user.name,
            user.role,
            "disabled" if user.disabled_at else "one-time" if user.must_change else "active",
            moment(user.entered_at),
            user.subject or "password",
        )
        for user in found
    )


@command.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@ends_in_a_sentence
def role_of(name: str, role: str) -> None:
    """Give NAME another role; their sessions end."""
    from tierwatch.store.people.accounts import change_role

    with changing() as connection:
        change_role(connection, name, role, actor=ACTOR)
    say(f"{name} ({role})")


@command.command("reset")
@click.argument("name")
@ends_in_a_sentence
def reset(name: str) -> None:
    """Print a one-time password for NAME; their sessions end."""
    from tierwatch.store.people.accounts import reset_password

    with changing() as connection:
        password = reset_password(connection, name, actor=ACTOR)
    say(f"{name}, one-time password: {password}")


@command.command("disable")
@click.argument("name")
@ends_in_a_sentence
def disable(name: str) -> None:
    """Keep NAME out until they are enabled; their sessions end."""
    from tierwatch.store.people.accounts import disable_user

    with changing() as connection:
        disable_user(connection, name, now=dt.datetime.now(dt.UTC), actor=ACTOR)
    say(f"{name} is disabled")


@command.command("enable")
@click.argument("name")
@ends_in_a_sentence
def enable(name: str) -> None:
    """Let NAME in again, with the password and the role they had."""
    from tierwatch.store.people.accounts import enable_user

    with changing() as connection:
        enable_user(connection, name, actor=ACTOR)
    say(f"{name} may enter again")


@command.command("remove")
@click.argument("name")
@ends_in_a_sentence
def remove(name: str) -> None:
    """Remove NAME; their sessions end, and the audit keeps what they did."""
    from tierwatch.store.people.accounts import remove_user

    with changing() as connection:
        remove_user(connection, name, actor=ACTOR)
    say(f"{name} is removed")


def new_user(settings: Settings | None, name: str, role: str) -> str:
    """Add a user and return the one-time password.

    Raises:
        UsageError: the name or role is not accepted.
        ConflictError: the name is taken.
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.store.people.passwords import one_time_password
    from tierwatch.store.people.users import add_user

    password = one_time_password()
    with changing(settings) as connection:
        add_user(connection, name, password, role, must_change=True)
    return password


@contextmanager
def changing(settings: Settings | None = None) -> "Iterator[Connection]":
    """A connection in a transaction that commits at the end.

    Raises:
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.command.database import opened_database, settings_here

    url = (settings or settings_here()).database_url
    with opened_database(url) as engine, engine.begin() as connection:
        yield connection


def moment(at: dt.datetime | None) -> str:
    """A moment as lists show it: UTC, to the minute; ``never`` for None.

    >>> moment(dt.datetime(2026, 11, 30, 9, 5, tzinfo=dt.UTC)), moment(None)
    ('2026-11-30T09:05Z', 'never')
    """
    return "never" if at is None else f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
