"""Where the import of a file ended, kept beside the data of the folder.

It spares reading again what was stored. Nothing else rests on it: a call counts once by its id.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO, Final

from tierwatch.intake.files.lines import START, Place
from tierwatch.wire.json_bytes import read_json, write_json

# Of the file's begin and of what stands before the place: enough to know the file again.
_KNOWN_BY: Final = 65_536


class PlaceFile:
    """The place of one file, read as one kind for one source.

    Args:
        folder: made when there is something to keep.
        file: that is imported.
        kind: of its lines.
        source: that it is counted under.
    """

    def __init__(self, folder: Path, file: Path, kind: str, source: str) -> None:
        named = f"{file.resolve()}\0{kind}\0{source}".encode("utf-8", "surrogateescape")
        self.path = folder / f"{hashlib.blake2b(named, digest_size=12).hexdigest()}.json"

    def read(self, opened: BinaryIO) -> Place:
        """Where to go on; the begin where nothing is known, or where the file is another one now.

        Args:
            opened: the file, which stands anywhere.
        """
        try:
            kept = read_json(self.path.read_bytes())
            place = Place(int(kept["lines"]), int(kept["offset"]))
            known = kept["known_by"] == _known_by(opened, place.offset)
        except (OSError, ValueError, KeyError, TypeError):
            return START
        return place if known and place.lines > 0 and place.offset > 0 else START

    def keep(self, opened: BinaryIO, place: Place) -> None:
        """Keep a place; what was kept before stays whole until the new one is.

        Raises:
            OSError: it could not be written.
        """
        here = opened.tell()
        known_by = _known_by(opened, place.offset)
        opened.seek(here)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_bytes(write_json({**place._asdict(), "known_by": known_by}))
        new.replace(self.path)


def _known_by(opened: BinaryIO, offset: int) -> str:
    opened.seek(0)
    digest = hashlib.blake2b(opened.read(min(_KNOWN_BY, offset)), digest_size=16)
    opened.seek(max(0, offset - _KNOWN_BY))
    digest.update(opened.read(min(_KNOWN_BY, offset)))
    return digest.hexdigest()
