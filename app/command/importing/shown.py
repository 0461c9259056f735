"""How far an import is: a bar on a terminal, a plain line every tenth otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import progress as bars

from tierwatch.command.terminal import say
from tierwatch.intake.files.lines import Place
from tierwatch.intake.keeping.importing import Importing


def became(importing: Importing) -> str:
    """What became of the calls and of all else, in words."""
    passed_over = {kind: number for kind, number in importing.counted.items() if number}
    return f"{importing.stored:,} stored, {importing.repeats:,} stored before" + "".join(
        f", {number:,} {kind}" for kind, number in sorted(passed_over.items())
    )


@contextmanager
def import_shown(start: Place, size: int) -> Iterator[Callable[[Place, int], None]]:
    """Show how far it is.

    Args:
        start: where it begins.
        size: of the file, in bytes.

    Yields:
        Called with a place and the calls that were stored until then.
    """
    if not sys.stdout.isatty():
        said = 10 * start.offset // max(1, size)

        def line(place: Place, calls: int) -> None:
            nonlocal said
            tenth = 10 * place.offset // max(1, size)
            if tenth > said:
                said = tenth
                say(f"line {place.lines:,}, {10 * tenth} % of the file: {calls:,} stored")

        yield line
        return
    columns = (
        bars.TextColumn("importing"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TextColumn("{task.fields[calls]:,} stored"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns) as bar:
        task = bar.add_task("import", total=size, completed=start.offset, calls=0)

        def move(place: Place, calls: int) -> None:
            bar.update(task, completed=place.offset, calls=calls)

        yield move
