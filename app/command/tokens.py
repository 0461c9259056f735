"""`tierwatch tokens`: bearer tokens of the JSON API."""

import datetime as dt

import click

from tierwatch.command.terminal import ends_in_a_sentence, say, say_columns
from tierwatch.command.users import ACTOR, ROLES, changing, moment


@click.group("tokens")
def command() -> None:
    """Bearer tokens of the JSON API."""


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--expires", default="90d", show_default=True, help="Days as 90d, or never.")
@click.option("--owner", help="The user who answers for it; it approves as they would.")
@ends_in_a_sentence
def add(name: str, role: str, expires: str, owner: str | None) -> None:
    """Add a token called NAME and print it; it is shown once."""
    from tierwatch.store.people.tokens import accepted_end, add_token

    ends_at = accepted_end(expires, now=dt.datetime.now(dt.UTC))
    with changing() as connection:
        token = add_token(connection, name, role, ends_at=ends_at, actor=ACTOR, owner=owner)
    say(token)


@command.command("list")
@ends_in_a_sentence
def list_tokens() -> None:
    """List every token: role, owner, end, and last use."""
    from tierwatch.store.people.tokens import tokens

    with changing() as connection:
        found = tokens(connection)
    now = dt.datetime.now(dt.UTC)
    say_columns(
        (
            token.name,
            token.role,
            token.owner or "nobody's",
            "ended" if token.ends_at is not None and token.ends_at <= now else "ends",
            moment(token.ends_at),
            f"used {moment(token.used_at)}",
        )
        for token in found
    )


@command.command("revoke")
@click.argument("name")
@ends_in_a_sentence
def revoke(name: str) -> None:
    """Remove the token called NAME; it is not accepted any more."""
    from tierwatch.store.people.tokens import revoke_token

    with changing() as connection:
        revoke_token(connection, name, actor=ACTOR)
    say(f"{name} is revoked")
