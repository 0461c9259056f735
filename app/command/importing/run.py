"""Read a file line by line and store its calls, group by group; then say what became of it."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from tierwatch.command.importing.opened import opened_importing
from tierwatch.command.importing.place_file import PlaceFile
from tierwatch.command.importing.shown import became, import_shown
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.command.terminal import say, say_error
from tierwatch.dispatch import Dispatch
from tierwatch.errors import TierwatchError, UsageError
from tierwatch.intake.files.kinds import FILE_KINDS
from tierwatch.intake.files.lines import (
    LONGEST,
    START,
    EachAlone,
    FileReader,
    Place,
    read_lines,
)
from tierwatch.intake.keeping.importing import Importing
from tierwatch.settings import Settings

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")
# Bad lines that are said one by one: a file of another kind has nothing else.
MOST_SAID: Final = 50
# A group ends after so many bytes as well, for lines may be long.
_GROUP_BYTES: Final = 8_000_000
_CHUNK: Final = 1_000_000


class Import(NamedTuple):
    """What is asked for.

    Attributes:
        file: to read.
        kind: of its lines, a name of `FILE_KINDS`.
        source: what its calls are counted under.
        from_line: where to begin; None to go on where the last import ended.
    """

    file: Path
    kind: str
    source: str
    from_line: int | None = None


class Ended(NamedTuple):
    """What became of the lines.

    Attributes:
        place: where it ended.
        bad: lines that could not be read.
    """

    place: Place
    bad: int


def run_import(
    asked: Import,
    *,
    settings: Settings,
    environ: Mapping[str, str],
    dispatch: Dispatch | None = None,
) -> int:
    """Import a file.

    Args:
        asked: what is to be imported.
        settings: of this process.
        environ: where secrets are found.
        dispatch: sends workers new exchanges; over the broker of the settings by default.

    Returns:
        Exit code: 1 if any line was bad.

    Raises:
        UsageError: there is no such kind, the name is none, or the configuration cannot serve.
        DatabaseError: Postgres cannot be used; the next run goes on.
        TierwatchError: the file cannot be read.
    """
    if asked.kind not in FILE_KINDS:
        raise UsageError(f"--source: found {asked.kind!r}; accepted: {', '.join(FILE_KINDS)}")
    if not _NAME.fullmatch(asked.source):
        raise UsageError(
            f"--name: found {asked.source!r}; accepted: 1 to 40 letters, digits, dots, hyphens or"
            " underscores"
        )
    config = serving_config(settings.config)
    with opened_importing(
        asked.source, settings, config, environ=environ, dispatch=dispatch
    ) as importing:
        ended = _read(asked, importing, settings.data_dir / "imports")
    say(f"{asked.file} to line {ended.place.lines:,}: {became(importing)}")
    return 1 if ended.bad else 0


def _read(asked: Import, importing: Importing, folder: Path) -> Ended:
    """Read from the place on, and keep the place with each group that is stored."""
    kind = FILE_KINDS[asked.kind]
    reader = kind.begin(time.time())
    kept = PlaceFile(folder, asked.file, asked.kind, asked.source)
    try:
        with asked.file.open("rb") as opened:
            start = _start(asked, kept, opened, reader)
            if start.lines and asked.from_line is None:
                say(f"going on behind line {start.lines:,}; --from-line 1 begins again")
            opened.seek(start.offset)
            lines = _Lines(opened, start)
            ended = _store(importing, lines, reader, kind.accepted, kept)
    except OSError as problem:
        raise TierwatchError(
            f"{problem.filename or asked.file}: {problem.strerror or problem}"
        ) from problem
    return ended


def _start(asked: Import, kept: PlaceFile, opened: BinaryIO, reader: FileReader) -> Place:
    if asked.from_line is not None:
        opened.seek(0)
        before = _Lines(opened, START)
        for _ in islice(before, asked.from_line - 1):
            pass
        return before.place
    # A reader that joins lines needs those before: what they say twice counts once.
    return kept.read(opened) if isinstance(reader, EachAlone) else START


class _Lines:
    """A file's lines from a place on.

    Attributes:
        place: behind the last line that ended; one that is still being written is read again.
        offset: bytes that were read, with those before the place it began at.
    """

    def __init__(self, opened: BinaryIO, start: Place) -> None:
        self.opened = opened
        self.start = start
        self.place = start
        self.offset = start.offset

    def __iter__(self) -> Iterator[bytes]:
        # Of a line that is too long to be read, no more than says so stands in memory.
        while line := self.opened.readline(LONGEST + 2):
            last = line
            while not last.endswith(b"\n") and (last := self.opened.readline(_CHUNK)):
                self.offset += len(last)
            self.offset += len(line)
            if last:
                self.place = Place(self.place.lines + 1, self.offset)
            yield line


def _store(
    importing: Importing, lines: _Lines, reader: FileReader, accepted: str, kept: PlaceFile
) -> Ended:
    opened, place, bad = lines.opened, lines.start, 0
    written = place.offset
    size = os.fstat(opened.fileno()).st_size
    with import_shown(place, size) as shown:
        for one in read_lines(lines, reader, accepted, place):
            importing.add(one.readings)
            place = one.after
            if one.problem:
                bad += 1
                if bad <= MOST_SAID:
                    say_error(one.problem)
            if importing.full or lines.offset - written >= _GROUP_BYTES:
                importing.write()
                written = lines.offset
                kept.keep(opened, lines.place)
                shown(place._replace(offset=lines.offset), importing.stored)
        importing.write()
        kept.keep(opened, lines.place)
        shown(place._replace(offset=lines.offset), importing.stored)
    if bad > MOST_SAID:
        say_error(f"{bad - MOST_SAID:,} more lines could not be read; {accepted}")
    return Ended(place, bad)
