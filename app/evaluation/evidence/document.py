"""Document: what is stored as JSON with its version, and what stands for one that is not readable.

Version 1 began without a number; documents that lack one are of it. A version rises when a key goes
or changes its meaning, not when one comes that may be missing: `codec` says what that is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.codec import MisreadError, plain, read

D = TypeVar("D")


class Document:
    """Base of the classes of documents: frozen dataclasses whose fields are the keys.

    ``title`` is what an error calls the document, ``version`` what is written; read are all
    versions from 1 to it.
    """

    __slots__ = ()

    title: ClassVar[str]
    version: ClassVar[int] = 1

    def to_json(self) -> dict[str, object]:
        """As the database stores it and the API serves it."""
        return {"version": self.version, **plain(self)}

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Read what `to_json` wrote, in this version or an older one.

        Raises:
            UnreadableEvidenceError: of a newer version, or broken; says the version found and the
                versions read.
        """
        found = document.get("version", 1) if isinstance(document, dict) else 1
        known = isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= cls.version
        versions = "1" if cls.version == 1 else f"1 to {cls.version}"
        if not known:
            raise UnreadableEvidenceError(
                f"{cls.title}: found version {_shown(found)}; this release reads version {versions}"
            )
        try:
            return read(cls, document)
        except MisreadError as problem:
            raise UnreadableEvidenceError(
                f"{cls.title} of version {found} (this release reads version {versions}): {problem}"
            ) from None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a stored document that this version of tierwatch cannot read.

    Whoever meets it leaves its alert or proposal alone; a page says "cannot be shown by this
    version" and the reason.

    Attributes:
        document: the JSON as it is stored.
        reason: one sentence: what was found, and what is read.
    """

    document: object
    reason: str

    def to_json(self) -> object:
        """The JSON as it is stored."""
        return self.document


def read_or_unreadable(reader: Callable[[object], D], document: object) -> D | Unreadable:
    """What a reader makes of a document, or what stands for it."""
    try:
        return reader(document)
    except UnreadableEvidenceError as problem:
        return Unreadable(document, str(problem))


def _shown(version: object) -> str:
    """A version that is none of ours, cut where it is long."""
    shown = version if isinstance(version, int | str | float) else type(version).__name__
    try:
        return str(shown)[:20]
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "of thousands of digits"
