"""A frame: what a group of batches came to, as one line on disk and one transaction.

Texts in it have passed the redaction and are of drawn exchanges alone, as in the spool of capture.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tierwatch.loop.capture.document import BatchDocument
from tierwatch.wire.json_bytes import read_json, write_json

VERSION: Final = 1


class AdmittedCall(NamedTuple):
    """A call as it is stored, if nobody stored it before.

    Attributes:
        key: the same for the same call of a source.
        source: who sent it.
        document: a batch of this call alone; None where it is counted under its source alone.
        whats: what else it counts as under its source.
    """

    key: uuid.UUID
    source: str
    document: BatchDocument | None
    whats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a group of batches came to.

    Attributes:
        flush_id: of the transaction.
        day: on which it is counted.
        calls: in the order they were read.
        counted: what was passed over, by source and kind.
    """

    calls: Sequence[AdmittedCall]
    counted: Mapping[str, Mapping[str, int]]
    day: dt.date
    flush_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def line(self) -> bytes:
        """The frame as a line, without its break."""
        return write_json(
            {
                "version": VERSION,
                "flush_id": str(self.flush_id),
                "day": self.day.isoformat(),
                "calls": [[str(key), *rest] for key, *rest in self.calls],
                "counted": self.counted,
            }
        )


def read_frame(line: bytes) -> Frame:
    """The frame of a line.

    Raises:
        ValueError: it was cut, or is none that this version knows.
    """
    try:
        read = read_json(line)
        if read["version"] != VERSION:
            raise ValueError("another version")
        return Frame(
            calls=[
                AdmittedCall(uuid.UUID(key), source, document, tuple(whats))
                for key, source, document, whats in read["calls"]
            ],
            counted=read["counted"],
            day=dt.date.fromisoformat(read["day"]),
            flush_id=uuid.UUID(read["flush_id"]),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError("another shape") from problem


def add_counts(counted: dict[str, Counter[str]], source: str, kinds: Mapping[str, int]) -> None:
    """Add what was passed over to that of its source."""
    counted.setdefault(source, Counter()).update(kinds)
