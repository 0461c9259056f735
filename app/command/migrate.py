"""`tierwatch migrate`: bring the database's schema up to date."""

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import read_settings


@click.command("migrate")
@ends_in_a_sentence
def command() -> None:
    """Bring the database's schema up to date."""
    from tierwatch.command.database import opened_database
    from tierwatch.store.migration import migrate

    with opened_database(read_settings().database_url) as engine:
        migrate(engine)
    say("schema up to date")
