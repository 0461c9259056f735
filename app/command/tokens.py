"""`tierwatch tokens`: bearer tokens of the JSON API."""

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.command.users import ROLES
from tierwatch.settings import Settings, read_settings


@click.group("tokens")
def command() -> None:
    """Bearer tokens of the JSON API."""


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@ends_in_a_sentence
def add(name: str, role: str) -> None:
    """Add a token called NAME and print it; it is shown once."""
    say(new_token(read_settings(), name, role))


def new_token(settings: Settings, name: str, role: str) -> str:
    """Add a bearer token and return it; only its hash is kept.

    Raises:
        UsageError: the name or role is not accepted.
        ConflictError: the name is taken.
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.command.database import opened_database
    from tierwatch.store.people.tokens import add_token

    with opened_database(settings.database_url) as engine, engine.begin() as connection:
        return add_token(connection, name, role)
