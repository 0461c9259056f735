"""``routing.cascade``: answers that are checked before the first byte."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Section, Share, number_above, whole_number
from tierwatch.routing.config.reading.shown import shown


class CascadeSection(Section):
    """Answers that are checked before the first byte, under ``routing.cascade``."""

    tiers: tuple[Name, ...] = Field(
        description="Tiers whose answers are checked; what fails is answered by the next tier up."
    )
    check: Literal["structure", "self_consistency"] = Field(
        default="structure",
        description="structure looks at the answer alone; self_consistency then also asks again and"
        " compares final answers.",
    )
    samples: Annotated[int, whole_number(2, 10)] = Field(
        default=3, description="Answers that self_consistency compares, the served one among them."
    )
    agree: Share = Field(
        default=0.67,
        description="Share of them that must agree with the served one, compared at two decimals:"
        " 2 of 3 are 0.67.",
    )
    temperature: Annotated[float, number_above(0)] = Field(
        default=0.7, description="At which the further answers are asked for."
    )


def cascade_problems(
    document: Document, cascade: CascadeSection | None, below_top: Sequence[str]
) -> list[Problem]:
    """Tiers that cannot be checked, since no tier is above them.

    Args:
        document: the file.
        cascade: the section; None checks nothing.
        below_top: every tier but the top one.
    """
    if cascade is None:
        return []
    at, accepted = ("routing", "cascade", "tiers"), ", ".join(below_top)
    if not cascade.tiers:
        return [document.problem(at, "an empty list", accepted)]
    return [
        document.problem(
            (*at, place), f"{shown(name, ())}, no tier that has a tier above it", accepted
        )
        for place, name in enumerate(cascade.tiers)
        if name not in below_top
    ]
