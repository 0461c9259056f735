"""How far people's labels may be believed: where two of them labelled a pair, and who leans."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy import special

from tierwatch.evaluation.calibration.kappa import Verdict, kappa
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.label_slips import LabelSlips

# Of so few labels one word throughout says nothing.
ENOUGH_LABELS: Final = 20
# Chance that a check accuses people who slip alike, over all reviewers together.
LEANING_LEVEL: Final = 0.01


@dataclass(frozen=True, slots=True)
class Label:
    """One person's word: the lower tier's answer is worse, a tie, or better."""

    reviewer: str
    said: Verdict


@dataclass(frozen=True, slots=True)
class TwoLabels:
    """A pair that was drawn for a second label, and has it."""

    first: Label
    second: Label

    @property
    def disagree(self) -> bool:
        """Whether just one of the two found the lower tier's answer worse."""
        return (self.first.said == "worse") != (self.second.said == "worse")


def slips_of(twice: Sequence[TwoLabels]) -> LabelSlips:
    """The disagreements, counted."""
    return LabelSlips(sum(two.disagree for two in twice), len(twice))


def agreement(twice: Sequence[TwoLabels], level: float = 0.95) -> Estimate:
    """On how many pairs two people say the same of three words; exact interval.

    >>> two = TwoLabels(Label("ada", "tie"), Label("bob", "better"))
    >>> agreement([two, TwoLabels(two.first, two.first)]).value
    0.5
    """
    same = sum(two.first.said == two.second.said for two in twice)
    if not twice:
        return unknown("no pair has two labels")
    low, high = clopper_pearson(same, len(twice), level)
    return Estimate(same / len(twice), low, high, len(twice), "share, exact binomial interval")


def people_kappa(twice: Sequence[TwoLabels], level: float = 0.95) -> Estimate:
    """Cohen's kappa between first and second labels."""
    return kappa([(two.first.said, two.second.said) for two in twice], level)


def leaning(labels: Sequence[Label], twice: Sequence[TwoLabels]) -> str:
    """Why slips cannot be taken to go to either side alike, in a sentence; empty if they can.

    Two checks, `LEANING_LEVEL` each over all reviewers:

    - *on the same pairs*: where just one of two people found an answer worse, it is the same one
      who did so too often or too seldom for a fair coin (exact, two-sided);
    - *one word throughout*: somebody with `ENOUGH_LABELS` labels never used another word, which
      people who use that word as often as all the others do would not.

    A much sloppier reviewer is found by the first as well: worse answers are rare, so slips accuse.

    Not guaranteed: that those lean whom nobody names. With few second labels this sees only what
    is gross; and people who all lean alike agree. The second check takes reviewers to have seen
    pairs of the same kind, which holds while pairs are drawn, and not where the rate has changed
    between their turns.

    Args:
        labels: first labels, one a pair, of every reviewer.
        twice: pairs with two.

    >>> ada = [Label("ada", "worse" if n % 8 == 0 else "tie") for n in range(160)]
    >>> leaning(ada + [Label("bob", "tie")] * 100, [])
    'bob said tie of all 100 pairs, and the others of 87.5 %'
    >>> leaning(ada + [Label("bob", "tie")] * 21, [])
    ''
    """
    reviewers = sorted(
        {label.reviewer for label in labels}
        | {label.reviewer for two in twice for label in (two.first, two.second)}
    )
    each = LEANING_LEVEL / max(len(reviewers), 1)
    for reviewer in reviewers:
        why = _accuses(reviewer, twice, each) or _one_word(reviewer, labels, each)
        if why:
            return why
    return ""


def _accuses(reviewer: str, twice: Sequence[TwoLabels], level: float) -> str:
    """Whether this person is too often, or too seldom, the one who found an answer worse."""
    own = [
        label.said == "worse"
        for two in twice
        if two.disagree
        for label in (two.first, two.second)
        if label.reviewer == reviewer
    ]
    n, accused = len(own), sum(own)
    fewer = min(accused, n - accused)
    if n == 0 or 2 * float(special.bdtr(fewer, n, 0.5)) > level:
        return ""
    return (
        f"of the {n} pairs on which {reviewer} and another disagree, {reviewer} found the answer"
        f" worse in {accused}"
    )


def _one_word(reviewer: str, labels: Sequence[Label], level: float) -> str:
    """Whether this person uses one word only, which the others use less."""
    own = Counter(label.said for label in labels if label.reviewer == reviewer)
    others = Counter(label.said for label in labels if label.reviewer != reviewer)
    n, m = own.total(), others.total()
    if len(own) != 1 or n < ENOUGH_LABELS or m < ENOUGH_LABELS:
        return ""
    [word] = own
    # Fisher's exact test, one-sided: all n of one person and k of the m others in this word.
    k = others[word]
    chance = (
        special.gammaln(n + k + 1)
        + special.gammaln(m + 1)
        - special.gammaln(k + 1)
        - special.gammaln(n + m + 1)
    )
    if chance > math.log(level):
        return ""
    return f"{reviewer} said {word} of all {n} pairs, and the others of {100 * k / m:.1f} %"
