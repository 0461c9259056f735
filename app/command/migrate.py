"""`tierwatch migrate`: bring the database's schema up to date."""

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import read_settings


@click.command("migrate")
@ends_in_a_sentence
def command() -> None:
    """Bring the database's schema up to date."""
    from tierwatch.store.database import build_engine, migrate

    engine = build_engine(read_settings().database_url)
    try:
        migrate(engine)
    finally:
        engine.dispose()
    say("schema up to date")
