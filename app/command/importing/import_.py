"""`tierwatch import`: calls of another tool's export, counted and sampled as live ones are."""

import os
import sys
from pathlib import Path

import click

from tierwatch.command.terminal import ends_in_a_sentence


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--source",
    "kind",
    required=True,
    metavar="KIND",
    help="Its format: tierwatch, openai, openai-evals, langfuse, langsmith, portkey, helicone or"
    " otlp.",
)
@click.option("--name", help="What its calls are counted under; the KIND by default.")
@click.option(
    "--from-line",
    type=click.IntRange(min=1),
    help="Begin there, and not where the last import of the file ended.",
)
@ends_in_a_sentence
def command(file: Path, kind: str, name: str | None, from_line: int | None) -> None:
    """Import FILE, JSON lines that another tool exported; run again, it goes on where it ended."""
    import structlog

    from tierwatch.command.database import settings_here
    from tierwatch.command.importing.run import Import, run_import

    # A person reads this: what the processes of a deployment say of each other is no news here.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    asked = Import(file, kind, name or kind, from_line)
    sys.exit(run_import(asked, settings=settings_here(), environ=os.environ))
