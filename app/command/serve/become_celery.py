"""Become Celery: worker and scheduler are started as a program, for the app imports no workers."""

import os
import sys
from typing import NoReturn

# Celery's own lines say a task began and ended, twice a pair; what matters stands in Postgres.
_QUIET = ("-l", "warning")


def become_celery(*arguments: str) -> NoReturn:
    """Replace this process by Celery's command for our workers.

    ``-P`` keeps the working directory off the path: somebody's project may hold a ``redis.py``.
    """
    os.execv(  # noqa: S606 - our own interpreter, our own arguments
        sys.executable, [sys.executable, "-P", "-m", "tierwatch_workers", *arguments, *_QUIET]
    )
