"""`tierwatch pull`: what a vendor keeps of new calls, fetched once."""

import os
import sys

import click

from tierwatch.command.terminal import ends_in_a_sentence


@click.command("pull")
@click.argument("source")
@click.option(
    "--since",
    metavar="DURATION",
    help="Forget the place of the last pull and begin that long ago, such as 12h or 30d.",
)
@ends_in_a_sentence
def command(source: str, since: str | None) -> None:
    """Fetch the new calls of SOURCE, a name under intake.pulls; the intake does so by itself."""
    import structlog

    from tierwatch.command.database import settings_here
    from tierwatch.command.importing.pulled import run_pull

    # A person reads this, as in `tierwatch import`.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    run_pull(source, since, settings=settings_here(), environ=os.environ)
