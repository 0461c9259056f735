"""Slips: how far people's labels may be believed, from the pairs that two of them labelled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tierwatch.evaluation.calibration.reviewers import (
    Label,
    TwoLabels,
    agreement,
    leaning,
    people_kappa,
    slips_of,
)
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.label_slips import ENOUGH_TWICE, SUPPOSED_SLIPS, LabelSlips
from tierwatch.evaluation.rates.percent import percent
from tierwatch.store.labels.second_labels import AllLabels


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """One reviewer.

    Attributes:
        name: who.
        labels: first labels they gave.
        said: by word, of the lower tier's answer: how many of them.
        twice: drawn pairs that they and another labelled.
        disagreed: of these, where just one of the two found the answer worse.
    """

    name: str
    labels: int
    said: dict[str, int]
    twice: int
    disagreed: int


@dataclass(frozen=True, slots=True)
class PeopleSlips:
    """What is known of people's slips, over all tiers and judges.

    Attributes:
        counts: of second labels and of their disagreements.
        drawn: labelled pairs that are drawn for a second label.
        leaning: why slips are not alike to either side, in a sentence; then no rate is corrected
            by these labels. Empty otherwise.
        same_word: how often two people say the same of three words.
        kappa: the same beyond chance.
        reviewers: by name.
    """

    counts: LabelSlips
    drawn: int
    leaning: str
    same_word: Estimate
    kappa: Estimate
    reviewers: tuple[ReviewerLine, ...]

    @property
    def measured(self) -> bool:
        """Whether rates are corrected for slips."""
        return self.counts.measured and not self.leaning

    @property
    def sentence(self) -> str:
        """What is known of slips, for people."""
        if self.leaning:
            return (
                f"Reviewers do not find answers worse alike: {self.leaning}. Until that is settled"
                " no rate is corrected by labels."
            )
        if self.measured:
            rate = self.counts.rate()
            return (
                f"People slip in {percent(rate.value)} of labels"
                f" ({percent(rate.low)} to {percent(rate.high)}), by {self.counts.twice} second"
                " labels; corrected rates take that off, and their intervals hold it."
            )
        twice, one = self.counts.twice, len(self.reviewers) == 1
        return (
            f"Slips of people are not measured: {twice} of the {ENOUGH_TWICE} second labels that"
            f" it takes{', which another person than the first has to give' if one else ''}."
            f" Corrected rates take labels to be right; beside them stands what slips of"
            f" {percent(SUPPOSED_SLIPS)} would make of them."
        )


def slips_of_labels(labels: AllLabels) -> PeopleSlips:
    """Compare first and second labels."""
    drawn = labels.second
    first = [Label(one.reviewer, one.said) for one in labels.first]
    twice = [
        TwoLabels(
            Label(one.first, one.said),
            Label(one.second, one.then),
        )
        for one in drawn
        if one.second is not None and one.then is not None
    ]
    return PeopleSlips(
        counts=slips_of(twice),
        drawn=len(drawn),
        leaning=leaning(first, twice),
        same_word=agreement(twice),
        kappa=people_kappa(twice),
        reviewers=_lines(first, twice),
    )


def _lines(first: Sequence[Label], twice: Sequence[TwoLabels]) -> tuple[ReviewerLine, ...]:
    labels = Counter(label.reviewer for label in first)
    names = sorted(labels.keys() | {name for two in twice for name in _both(two)})
    lines = []
    for name in names:
        own = [two for two in twice if name in _both(two)]
        said = Counter(label.said for label in first if label.reviewer == name)
        lines.append(
            ReviewerLine(
                name=name,
                labels=labels[name],
                said={word: said[word] for word in ("worse", "tie", "better")},
                twice=len(own),
                disagreed=sum(two.disagree for two in own),
            )
        )
    return tuple(lines)


def _both(two: TwoLabels) -> tuple[str, str]:
    return two.first.reviewer, two.second.reviewer
