"""`tierwatch worker`: shadow answers, verdicts, monitors, proposals, rollouts."""

import os
import sys
from typing import NoReturn

import click

from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.settings import read_settings

# Celery's own lines say a task began and ended, twice a pair; what matters stands in Postgres.
_QUIET = ("-l", "warning")
# Workers do not talk among themselves: at start that waits for peers, later it is traffic.
_LONE = ("--without-gossip", "--without-mingle")


@click.command("worker")
@ends_in_a_sentence
def command() -> None:
    """Run a worker of the evaluation plane."""
    from tierwatch.config import load_config

    settings = read_settings()
    # Said now, in a sentence: the first task would say it, again and again, in a log.
    load_config(settings.config)
    threads = str(settings.worker_threads)
    become_celery("worker", "-P", "threads", "-c", threads, *_LONE)


def become_celery(*arguments: str) -> NoReturn:
    """Replace this process by Celery's command for our workers, which the app does not import.

    ``-P`` keeps the working directory off the path: somebody's project may hold a ``redis.py``.
    """
    os.execv(  # noqa: S606 - our own interpreter, our own arguments
        sys.executable, [sys.executable, "-P", "-m", "tierwatch_workers", *arguments, *_QUIET]
    )
