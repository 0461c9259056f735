"""The attribution of an alert, as it is stored with it."""

from dataclasses import dataclass
from typing import ClassVar, Self

from tierwatch.evaluation.attribution.findings import Attribution, AttributionEvidence, Cause, Parts
from tierwatch.evaluation.evidence.document import Document, Unreadable, read_or_unreadable


@dataclass(frozen=True, slots=True)
class AttributionDocument(Document):
    """Why a rate changed, with the sentence as it was said then.

    Attributes:
        cause: as in `Attribution`.
        sentence: the one sentence a person reads.
        parts: of the change.
        evidence: segments, probes and the reason in words.
    """

    title: ClassVar[str] = "an attribution"

    cause: Cause
    sentence: str
    parts: Parts
    evidence: AttributionEvidence

    @classmethod
    def of(cls, found: Attribution) -> Self:
        """An attribution with its sentence."""
        return cls(found.cause, found.sentence, found.parts, found.evidence)


def read_attribution(document: object) -> AttributionDocument | Unreadable:
    """The attribution of a stored alert."""
    return read_or_unreadable(AttributionDocument.from_json, document)
