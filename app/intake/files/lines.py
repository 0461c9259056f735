"""A file of JSON lines, read one by one: a bad line is named and hinders none of the others."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from tierwatch.intake.calls import BAD_LINE, Readings, together
from tierwatch.store.documents import Json
from tierwatch.wire.json_bytes import read_outside_json

# Longer ones are no single call: the largest context in use is 10 M tokens.
LONGEST: Final = 64_000_000
_BOM: Final = b"\xef\xbb\xbf"


class NotThisKindError(ValueError):
    """A line that is not what its format says; the message is what is missing."""


class FileReader(Protocol):
    """Reads the objects of one file, in their order."""

    def read(self, value: Json, /) -> Readings:
        """What an object says.

        Raises:
            NotThisKindError: it is none of this format.
        """
        ...

    def end(self) -> Readings:
        """What can only be said when there is no more."""
        ...


class EachAlone:
    """A reader of formats whose objects have nothing to do with each other."""

    def __init__(self, read: Callable[[Json], Readings]) -> None:
        self._read = read

    def read(self, value: Json, /) -> Readings:
        """As its format does."""
        return self._read(value)

    def end(self) -> Readings:
        """Nothing is left."""
        return Readings()


class Place(NamedTuple):
    """Between two lines of a file.

    Attributes:
        lines: that stand before.
        offset: bytes that stand before; a file that is opened again goes on from there.
    """

    lines: int = 0
    offset: int = 0


START: Final = Place()


class LineRead(NamedTuple):
    """A line that was read, or could not be.

    Attributes:
        readings: what it says; a bad line is counted.
        after: where the next one begins.
        problem: why it could not be read, with its number and what is accepted; "" if it could.
    """

    readings: Readings
    after: Place
    problem: str = ""


def read_lines(
    lines: Iterable[bytes], reader: FileReader, accepted: str, start: Place = START
) -> Iterator[LineRead]:
    """Read a file's lines as they come.

    A line is an object, or a list of objects, or a page of an API (``{"data": [...]}``). Empty ones
    are nothing. What the reader says at the end comes with the last line's place.

    Args:
        lines: with their ends, as an open binary file gives them from ``start`` on.
        reader: of the file's format.
        accepted: what a line of it is, for the problem of one that is not.
        start: where the lines begin.
    """
    place = start
    for line in lines:
        place = Place(place.lines + 1, place.offset + len(line))
        said = line.removeprefix(_BOM).strip() if place.lines == 1 else line.strip()
        if not said:
            continue
        try:
            yield LineRead(_read(said, reader), place)
        except ValueError as error:
            problem = f"line {place.lines}: {error}; {accepted}"
            yield LineRead(Readings((), {BAD_LINE: 1}), place, problem)
    left = reader.end()
    if left.calls or left.counted:
        yield LineRead(left, place)


def _read(said: bytes, reader: FileReader) -> Readings:
    if len(said) > LONGEST:
        raise NotThisKindError(f"longer than {LONGEST:,} bytes")
    try:
        value = read_outside_json(said)
    except ValueError as error:
        raise NotThisKindError(f"this is not JSON ({error})") from error
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    if isinstance(value, list):
        return together([reader.read(_object(one)) for one in value])
    return reader.read(_object(value))


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise NotThisKindError("this is not a JSON object")
    return value
