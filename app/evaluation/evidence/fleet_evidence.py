"""What an alert rests on that says: gateways serve by files with different tiers."""

from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document


@dataclass(frozen=True, slots=True)
class FleetEvidence(Document):
    """Why the gateways of a fleet are taken to serve by different files.

    Attributes:
        policy_version: that is active.
        active_tiers: with a threshold in it.
        file_tiers: with a threshold in the file of the gateway that says so.
    """

    title: ClassVar[str] = "evidence of a fleet alert"
    kind: ClassVar[str] = "fleet"

    policy_version: int
    active_tiers: tuple[str, ...]
    file_tiers: tuple[str, ...]
