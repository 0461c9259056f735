"""How far a pull is, kept as a file beside the data of the folder.

A vendor's records become visible late, and some before they are whole. So each walk begins again an
overlap before the end of the last one, and what was taken within it is remembered. Nothing
else rests on the file: a call counts once by its id, whatever is read twice.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tierwatch.wire.json_bytes import read_json, write_json

# Of the overlap; the oldest are forgotten first, which costs reading them once more.
MOST_SEEN: Final = 20_000


class PullPlace(NamedTuple):
    """Between two pages.

    Attributes:
        since: where the walk begins, in seconds since 1970.
        until: where it ends; 0 while none is half done.
        cursor: the vendor's own mark of the next page; "" for the first one.
        seen: digests of what was taken and may be read again, with the moment of each.
    """

    since: float
    until: float = 0.0
    cursor: str = ""
    seen: Mapping[str, float] = {}

    def has(self, record_id: str) -> bool:
        """Whether a record was taken."""
        return _digest(record_id) in self.seen

    def with_taken(self, records: Mapping[str, float]) -> Self:
        """The place with records taken, ids and moments."""
        return self._replace(seen={**self.seen, **{_digest(k): at for k, at in records.items()}})

    def trimmed(self, *, before: float, ahead: float = float("-inf")) -> Self:
        """Without what is not read again.

        Args:
            before: where the next walk begins.
            ahead: what this walk, which goes back in time, has yet to read is no later than this.
        """
        kept = sorted((at, one) for one, at in self.seen.items() if at >= before or at <= ahead)
        return self._replace(seen={one: at for at, one in kept[-MOST_SEEN:]})


class PullPlaceFile:
    """The place of one pull.

    Args:
        folder: made when there is something to keep.
        source: that it is counted under.
        known_by: what else makes it this pull, its kind and address.
    """

    def __init__(self, folder: Path, source: str, *known_by: str) -> None:
        digest = hashlib.blake2b("\0".join((source, *known_by)).encode(), digest_size=6).hexdigest()
        self.path = folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', source)}-{digest}.json"

    def read(self) -> PullPlace | None:
        """The place; None where none was kept, or what was kept is broken."""
        try:
            kept = read_json(self.path.read_bytes())
            return _place(kept)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, place: PullPlace) -> None:
        """Keep a place; what was kept before stays whole until the new one is.

        Raises:
            OSError: it could not be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_bytes(write_json(place._asdict()))
        new.replace(self.path)


def _place(kept: Any) -> PullPlace:
    return PullPlace(
        float(kept["since"]),
        float(kept["until"]),
        str(kept["cursor"]),
        {str(one): float(at) for one, at in kept["seen"].items()},
    )


def _digest(record_id: str) -> str:
    return hashlib.blake2b(record_id.encode("utf-8", "replace"), digest_size=8).hexdigest()
