"""`tierwatch beat`: send the workers their schedule."""

import click

from tierwatch.command.serve.worker import become_celery
from tierwatch.command.terminal import ends_in_a_sentence


@click.command("beat")
@ends_in_a_sentence
def command() -> None:
    """Run the scheduler; exactly one in a deployment."""
    become_celery("beat")
