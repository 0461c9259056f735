"""What the tasks of one worker share. Beat, which only says what is due, never imports it."""

import threading
from functools import cache

from celery.signals import worker_init

from tierwatch.runtime.build import Runtime, build_runtime
from tierwatch.runtime.log_lines import configure_logging
from tierwatch.settings import read_settings

_building = threading.Lock()


@cache
def _built() -> Runtime:
    return build_runtime(read_settings())


def runtime() -> Runtime:
    """The process's runtime, built once, at the start of the worker."""
    with _building:
        return _built()


@worker_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _build_at_start(**_: object) -> None:
    """A judge that may not judge, or a missing key, is said at the start and not by a task."""
    configure_logging(read_settings())
    runtime()
