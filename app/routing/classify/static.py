"""The classifier that always names the same tier: a baseline, and a way to switch routing off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwatch.routing.classify.classification import Classification, Messages


@dataclass(frozen=True, slots=True)
class StaticClassifier:
    """Names ``label`` with confidence 1, whatever is asked."""

    label: str

    def classify(
        self,
        messages: Messages,  # noqa: ARG002 - the face of every classifier
        *,
        tools: Sequence[Any] | None = None,  # noqa: ARG002 - as above
        response_format: Mapping[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> Classification:
        """The configured label, confidence 1."""
        return Classification(self.label, 1.0)
