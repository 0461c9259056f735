"""The local classifier of all tiers: one `LocalClassifier` a boundary, one reading a prompt."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.answer_cost import AnswerCost
from tierwatch.routing.classify.classification import Classification, Messages
from tierwatch.routing.classify.familiarity.ends import end_words
from tierwatch.routing.classify.familiarity.familiar import Familiar
from tierwatch.routing.classify.features import (
    HashedWords,
    features_of,
    hashed_words,
    routed_text,
)
from tierwatch.routing.classify.local import WORDS_FROM, LocalClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.classify.type_offsets import NO_OFFSETS
from tierwatch.routing.policy import ALL_TASKS, UNFAMILIAR

SUREST = 0.999  # a threshold of 1 keeps nothing


class LocalTierClassifier:
    """Scores every tier with one `LocalClassifier` a boundary.

    At the boundary above tier t the net gain is ``g_t = P(next tier better) - P(t better)``; going
    up from t to k gains ``g_t + ... + g_(k-1)``. The confidence that t suffices is 1 less the most
    that any way up gains, and less still where the answer would be cheap, more where it would be
    dear: ``c_t = 1 - max(0, most gain) / relative cost``, at most .999. A prompt that the next
    tier fails as well and a higher one does not must not look easy at the bottom.

    A prompt that is unlike all that was judged at every boundary is *unfamiliar*: nothing is known
    of it, so its confidences are 0, its label is the top tier and its task type `UNFAMILIAR`. A
    boundary that has learned too little to decide by words has no say in it, and where one has no
    rule that tells, as models of before have none, no prompt is unfamiliar.

    Args:
        tiers: names of two or more tiers, cheapest first.
        boundaries: the classifier of each tier but the top one, by the tier's name.
        cost: what answers cost; without it each costs the same.
        types: the active task types. They name the type of what is asked, from one reading of
            it, and offsets that a boundary has for their version count.
        unfamiliar_share: of prompts like those judged at a boundary, at most, that its rule calls
            unfamiliar; 0 for none.

    Raises:
        ArtefactError: a boundary has no classifier, or there is one for no boundary.
    """

    def __init__(
        self,
        tiers: Sequence[str],
        boundaries: Mapping[str, LocalClassifier],
        cost: AnswerCost | None = None,
        types: TaskTypes | None = None,
        unfamiliar_share: float = 0.0,
    ) -> None:
        self._below_top = tuple(tiers[:-1])
        self._top = tiers[-1]
        if set(boundaries) != set(self._below_top):
            raise ArtefactError(
                f"local classifier: found boundaries {sorted(boundaries)}; accepted: exactly"
                f" {sorted(self._below_top)}"
            )
        self._boundaries = tuple(boundaries[tier] for tier in self._below_top)
        self._cost = cost
        self._types = types
        self._offsets = tuple(one.offsets_under(types) for one in self._boundaries)
        self._unfamiliar_share = unfamiliar_share
        self._familiar = _rules(self._boundaries, unfamiliar_share)

    def with_types(self, types: TaskTypes | None) -> "LocalTierClassifier":
        """The same classifier under other task types, or under none."""
        boundaries = dict(zip(self._below_top, self._boundaries, strict=True))
        return LocalTierClassifier(
            (*self._below_top, self._top),
            boundaries,
            cost=self._cost,
            types=types,
            unfamiliar_share=self._unfamiliar_share,
        )

    def classify(
        self,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Classification:
        """Score a chat in OpenAI's form.

        The label is the first tier with a confidence of .5 or more, else the top tier. Of an
        unfamiliar prompt the confidence in the top tier is 0 as well.
        """
        text = routed_text(messages, tools=tools, response_format=response_format)
        found, task_type = self._scored(text)
        confidences = dict(zip(self._below_top, found, strict=True))
        if task_type == UNFAMILIAR:
            return Classification(self._top, 0.0, task_type, confidences)
        for tier, confidence in confidences.items():
            if confidence >= 0.5:  # noqa: PLR2004 - more likely than not
                return Classification(tier, confidence, task_type, confidences)
        return Classification(self._top, 1 - found[-1], task_type, confidences)

    def confidences(self, text: str) -> tuple[float, ...]:
        """The confidence of each tier but the top one, cheapest first, for a `routed_text`."""
        return self._scored(text)[0]

    def _scored(self, text: str) -> tuple[tuple[float, ...], str]:
        """Confidences and task type, of one reading of the text."""
        hashed = hashed_words(text)
        if self._familiar and not self._knows(hashed):
            return (0.0,) * len(self._below_top), UNFAMILIAR
        features = features_of(hashed, len(text))
        task_type = ALL_TASKS if self._types is None else self._types.assign_words(hashed)
        cost = 1.0 if self._cost is None else self._cost.relative(features)
        found: list[float] = []
        most = 0.0
        for classifier, by_type in zip(
            reversed(self._boundaries), reversed(self._offsets), strict=True
        ):
            offsets = by_type.get(task_type, NO_OFFSETS)
            higher, lower = classifier.chances(features, offsets)
            most = max(0.0, most) + higher - lower
            found.append(min(SUREST, max(0.0, 1 - max(0.0, most) / cost)))
        return tuple(reversed(found)), task_type

    def _knows(self, hashed: HashedWords) -> bool:
        words = end_words(hashed)
        return any(rule.knows(words) for rule in self._familiar)


def _rules(boundaries: Sequence[LocalClassifier], share: float) -> tuple[Familiar, ...]:
    """The rules that all have to be against a prompt to call it unfamiliar; empty for none."""
    if share <= 0:
        return ()
    deciding = [one for one in boundaries if one.pairs >= WORDS_FROM]
    rules = [one.familiar(share) for one in deciding]
    found = tuple(rule for rule in rules if rule is not None)
    return found if len(found) == len(rules) else ()
