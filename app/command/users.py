"""`tierwatch users`: people who may enter the dashboard."""

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings, read_settings

ROLES = ("viewer", "reviewer", "approver", "admin")


@click.group("users")
def command() -> None:
    """People who may enter the dashboard."""


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@ends_in_a_sentence
def add(name: str, role: str) -> None:
    """Add NAME and print a one-time password."""
    say(f"{name} ({role}), one-time password: {new_user(read_settings(), name, role)}")


def new_user(settings: Settings, name: str, role: str) -> str:
    """Add a user and return the one-time password.

    Raises:
        UsageError: the name or role is not accepted.
        ConflictError: the name is taken.
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.command.database import opened_database
    from tierwatch.store.people.passwords import one_time_password
    from tierwatch.store.people.users import add_user

    password = one_time_password()
    with opened_database(settings.database_url) as engine, engine.begin() as connection:
        add_user(connection, name, password, role, must_change=True)
    return password
