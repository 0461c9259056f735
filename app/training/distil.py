"""Teacher and student: fit the deciding classifier with and without a teacher; keep what pays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.models.comparison import compare_models
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.training.teacher import fit_teacher

NO_TEACHER = "none"
_CHOICE_DELTA = 0.025  # of an interval that nobody reads: the smaller log loss is taken

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a boundary's classifier is fitted to, the oldest first; columns of one length.

    Attributes:
        texts: prompts.
        verdicts: ``worse | tie | better``, of the lower tier's answer.
        weights: 1 / pi but for a constant.
        sessions: conversations.
    """

    texts: Sequence[str]
    verdicts: Sequence[str]
    weights: Sequence[float]
    sessions: Sequence[str]

    def first(self, count: int) -> "Lessons":
        """The oldest ones."""
        return Lessons(
            self.texts[:count], self.verdicts[:count], self.weights[:count], self.sessions[:count]
        )

    def after(self, count: int) -> "Lessons":
        """The others, without those of conversations that began among the oldest."""
        begun = set(self.sessions[:count])
        places = [n for n in range(count, len(self.texts)) if self.sessions[n] not in begun]
        return Lessons(
            [self.texts[n] for n in places],
            [self.verdicts[n] for n in places],
            [self.weights[n] for n in places],
            [self.sessions[n] for n in places],
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier, and who taught it: ``static``, ``words`` or ``none``."""

    classifier: LocalClassifier
    teacher: str


def fit_student(
    lessons: Lessons, unlabelled: Sequence[str], *, teacher: str, said: Progress = lambda *_: None
) -> LocalClassifier:
    """Fit a classifier to pairs, after it has imitated a teacher of the same pairs.

    Args:
        lessons: the pairs.
        unlabelled: prompts to imitate the teacher on.
        teacher: ``static``, ``words`` or ``none``.
        said: called for each prompt with how many of how many were imitated.

    Raises:
        EvidenceError: what `fit_teacher` or `LocalClassifier.fit` refuses.
        UsageError: the extra ``train`` is missing.
    """
    student = LocalClassifier()
    if teacher == NO_TEACHER:
        return student.fit(lessons.texts, lessons.verdicts, weights=lessons.weights)
    taught = fit_teacher(teacher, lessons.texts, lessons.verdicts, lessons.weights)
    told = taught.told(unlabelled)

    def shown() -> Iterator[str]:
        for number, prompt in enumerate(told, 1):
            yield prompt
            said(number, len(told))

    return student.fit(
        lessons.texts,
        lessons.verdicts,
        shown(),
        weights=lessons.weights,
        teacher=told.__getitem__,
    )


def fit_best(
    lessons: Lessons,
    held_out: Lessons,
    unlabelled: Sequence[str],
    *,
    teacher: str,
    said: Progress = lambda *_: None,
) -> Fitted:
    """Fit with and without the teacher; the one with the smaller held-out log loss is kept.

    Args:
        lessons: what both are fitted to.
        held_out: what they are compared on; without any the teacher is not trusted.
        unlabelled: prompts to imitate the teacher on; none of the held-out ones.
        teacher: ``static``, ``words`` or ``none``.
        said: called with how many prompts were imitated.
    """
    plain = Fitted(fit_student(lessons, (), teacher=NO_TEACHER), NO_TEACHER)
    if teacher == NO_TEACHER or not held_out.texts:
        return plain
    student = Fitted(fit_student(lessons, unlabelled, teacher=teacher, said=said), teacher)
    found = compare_models(
        HeldOut(held_out.verdicts, held_out.weights, held_out.sessions),
        *(
            np.array([fitted.classifier.predict(text) for text in held_out.texts])
            for fitted in (plain, student)
        ),
        delta=_CHOICE_DELTA,
    )
    before, after = found.log_loss or (0.0, 0.0)
    return student if after < before else plain
