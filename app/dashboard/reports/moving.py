"""The requests that a proposal moves: their kinds, and examples of them with what was asked."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.dashboard.figures import Figure, count, figure, percent
from tierwatch.dashboard.passages import beginning, conversation
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence
from tierwatch.evaluation.thresholds.moving_groups import moving_groups
from tierwatch.store.pages.examples.moved_pairs import MovedPair, moved_pairs
from tierwatch.store.pages.examples.worst_pairs import pair_texts
from tierwatch.store.proposals import Proposal

_EXAMPLES: Final = 10
# At most half of the examples are those that get worse: a few of 2 % are no picture of the rest.
_WORSE: Final = 5


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Pairs of one task type that would move; ``shown`` says that they are shown to be too bad."""

    name: str
    misroute: Figure
    worse: int
    shown: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that would move; ``asked`` is empty once its text is gone."""

    id: uuid.UUID
    request: int
    task_type: str
    confidence: float
    worse: bool
    asked: str


@dataclass(frozen=True, slots=True)
class Moving:
    """The pairs that would move, looked at more closely.

    Attributes:
        groups: by task type, the highest rate first.
        examples: five that the judge found worse at most, then the newest others.
    """

    groups: tuple[GroupLine, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def worse_types(self) -> str:
        """Types that are shown to be above the tolerated rate, with theirs; empty for none."""
        return ", ".join(
            f"{one.name} ({percent(one.misroute.value)} of {count(one.misroute.n)} pairs)"
            for one in self.groups
            if one.shown
        )

    @property
    def groups_say(self) -> str:
        """How the rates of several types are to be read."""
        kinds = len(self.groups)
        clients = "Which client asked is not kept with a pair."
        if kinds == 1:
            return f"All of them are of one task type. {clients}"
        return (
            "Rates at which the lower tier's answer is worse. The intervals are widened so that all"
            f" {kinds} hold at once; of a type without a pair here nothing is known. {clients}"
        )


def moving_of(connection: Connection, proposal: Proposal) -> Moving:
    """The pairs that a proposed threshold moves; nothing for what moves no threshold."""
    evidence = proposal.evidence
    if not isinstance(evidence, ThresholdEvidence | ObjectiveEvidence):
        return Moving()
    thresholds = (proposal.from_threshold, proposal.to_threshold)
    pairs = moved_pairs(
        connection,
        proposal.tier,
        judge_version=evidence.judge_version,
        between=(min(thresholds), max(thresholds)),
        outcomes=(evidence.first_outcome, evidence.last_outcome),
        task_type=proposal.task_type,
    )
    return Moving(_groups(pairs, evidence.alpha), _examples(connection, pairs))


def _groups(pairs: Sequence[MovedPair], tolerated: float | None) -> tuple[GroupLine, ...]:
    found = moving_groups(
        [pair.task_type for pair in pairs],
        [pair.loss for pair in pairs],
        [pair.weight for pair in pairs],
        tolerated=tolerated,
    )
    return tuple(GroupLine(one.name, figure(one.misroute), one.worse, one.shown) for one in found)


def _examples(connection: Connection, pairs: Sequence[MovedPair]) -> tuple[Example, ...]:
    worse = [pair for pair in pairs if pair.loss > 0][:_WORSE]
    others = [pair for pair in pairs if pair.loss == 0][: _EXAMPLES - len(worse)]
    chosen = (worse + others)[:_EXAMPLES]
    texts = pair_texts(connection, [pair.exchange_id for pair in chosen])

    def asked(pair: MovedPair) -> str:
        found = texts.get(pair.exchange_id)
        messages = () if found is None or found.request is None else conversation(found.request)[0]
        return beginning(messages[-1].text) if messages else ""

    return tuple(
        Example(
            pair.exchange_id,
            pair.request_no,
            pair.task_type,
            pair.confidence,
            pair.loss > 0,
            asked(pair),
        )
        for pair in chosen
    )
