"""A step of the loop as a task of Celery's, under the guard of every thread of ours."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

from tierwatch.faults import guard
from tierwatch_workers.celery_app import celery_app
from tierwatch_workers.metrics import METRICS

P = ParamSpec("P")


def step(name: str) -> Callable[[Callable[P, None]], Any]:
    """A task that never fails: the row is the truth, and the next message or tick tries again.

    What it raises is counted and logged once a minute for each cause. Celery would log the text of
    the exception with its whole traceback, each time: an outage filled the disk, and a text may
    quote a prompt.
    """
    short = name.removeprefix("tierwatch.")
    doing = f"task: {short}"

    def made(work: Callable[P, None]) -> Any:
        @functools.wraps(work)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            begun = METRICS.begins()
            with guard(doing) as survived:
                work(*args, **kwargs)
            METRICS.ends(short, begun, done=not survived.cause)

        return celery_app.task(name=name)(guarded)

    return made
