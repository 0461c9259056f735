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
# glibc gives threads up to eight heaps a core and keeps what each once needed. With sixteen threads
# that was 35 to 40 MB more, and growing; one thread runs Python at a time, so two heaps are enough.
# Other C libraries do not know the name.
_HEAPS = {"MALLOC_ARENA_MAX": "2"}


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
    os.execve(  # noqa: S606 - our own interpreter, our own arguments
        sys.executable,
        [sys.executable, "-P", "-m", "tierwatch_workers", *arguments, *_QUIET],
        _HEAPS | os.environ,
    )
