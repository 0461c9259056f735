"""What every command does with a terminal: one line out, one sentence for an error."""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import ParamSpec

import click

from tierwatch.errors import TierwatchError, UsageError

_P = ParamSpec("_P")


def say(line: str) -> None:
    """Print one line."""
    click.echo(line)


def say_columns(rows: Iterable[Sequence[str]]) -> None:
    """Print rows with their cells below each other; the last one may be of any length."""
    lines = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        say("  ".join(cells).rstrip())


def say_error(line: str) -> None:
    """Print one line on standard error."""
    click.echo(line, err=True)


def ends_in_a_sentence(work: Callable[_P, None]) -> Callable[_P, None]:
    """Turn an error of ours into one sentence on standard error and the right exit code.

    2 for wrong use, 1 for a failure of the work. Any other exception is a fault of tierwatch and
    keeps its traceback.
    """

    @wraps(work)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except UsageError as problem:
            say_error(str(problem))
            sys.exit(2)
        except TierwatchError as problem:
            say_error(str(problem))
            sys.exit(1)

    return wrapped
