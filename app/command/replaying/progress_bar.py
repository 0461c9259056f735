"""How far a replay is: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tierwatch.command.terminal import say


@contextmanager
def progress_shown(total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a plain line every tenth otherwise."""
    if not sys.stdout.isatty():
        said = -1

        def line(answered: int, waiting: int) -> None:
            nonlocal said
            tenth = 10 * answered // max(1, total)
            if tenth > said:
                said = tenth
                say(f"replayed {answered} of {total} requests, {waiting} pairs in evaluation")

        yield line
        return
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[waiting]} pairs in evaluation"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("replay", total=total, waiting=0)

        def move(answered: int, waiting: int) -> None:
            bar.update(task, completed=answered, waiting=waiting)

        yield move
