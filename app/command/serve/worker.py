"""`tierwatch worker`: shadow answers, verdicts, monitors, proposals, rollouts."""

import click

from tierwatch.command.serve.become_celery import become_celery
from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.settings import read_settings

# Workers do not talk among themselves: at start that waits for peers, later it is traffic.
_LONE = ("--without-gossip", "--without-mingle")


@click.command("worker")
@ends_in_a_sentence
def command() -> None:
    """Run a worker of the evaluation plane."""
    threads = str(read_settings().worker_threads)
    become_celery("worker", "-P", "threads", "-c", threads, *_LONE)
