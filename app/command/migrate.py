"""`tierwatch migrate`: bring the database's schema up to date."""

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings


@click.command("migrate")
@click.option("--grant-to", metavar="ROLE", help="Let ROLE use the tables, and own none.")
@ends_in_a_sentence
def command(grant_to: str | None) -> None:
    """Bring the database's schema up to date.

    With TIERWATCH_OWNER_DATABASE_URL as that role, and then the role of TIERWATCH_DATABASE_URL may
    use the tables and owns none; it is made where there is none.
    """
    from tierwatch.command.database import settings_here

    granted = bring_up_to_date(settings_here(), grant_to=grant_to)
    say("schema up to date")
    if granted:
        say(f"role {granted} may use the tables, owns none, and can only append to the audit")


def bring_up_to_date(settings: Settings, *, grant_to: str | None = None) -> str | None:
    """Migrate as the owner, and grant the processes' role what it needs.

    Returns:
        The role that was granted it; None where there is one role for everything.

    Raises:
        UsageError: ``grant_to`` is the owner.
        DatabaseError: Postgres cannot be used, or the role cannot be made or bound.
    """
    from sqlalchemy import make_url

    from tierwatch.command.database import opened_database
    from tierwatch.store import grants
    from tierwatch.store.migration import migrate

    processes = make_url(settings.database_url)
    role, password = grant_to, None
    if role is None and settings.owner_database_url:
        role, password = processes.username, processes.password
    with opened_database(settings.owner_database_url or settings.database_url) as engine:
        migrate(engine)
        if role is not None:
            with engine.begin() as connection:
                grants.grant_to(connection, role, password=password)
    return role
