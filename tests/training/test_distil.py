"""A student with a teacher, and without: what pays is kept, and nothing is learned twice."""

import pytest
from factories.pairs import prompts

from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.training.distil import Lessons, fit_best, fit_student


def lessons(count: int, seed: int = 1) -> Lessons:
    texts, verdicts = zip(*prompts(count, seed), strict=True)
    return Lessons(texts, verdicts, [1.0] * count, [f"s{n}" for n in range(count)])


def test_without_a_teacher_it_is_the_classifier_as_it_learns_online() -> None:
    given = lessons(300)
    expected = LocalClassifier().fit(given.texts, given.verdicts)
    assert fit_student(given, ["unread"], teacher="none").to_bytes() == expected.to_bytes()


def test_a_student_imitates_each_prompt_once_and_counts_only_pairs() -> None:
    told: list[tuple[int, int]] = []
    given = lessons(300)
    student = fit_student(
        given,
        ["Prove it.", "Greet me.", "Prove it."],
        teacher="words",
        said=lambda done, of: told.append((done, of)),
    )
    assert told == [(1, 2), (2, 2)]
    assert student.pairs == 300


@pytest.mark.parametrize("teacher", ["words", "none"])
def test_the_better_of_both_is_kept(teacher: str) -> None:
    given, held_out = lessons(60), lessons(200, seed=2)
    best = fit_best(given, held_out, [text for text, _ in prompts(500, 3)], teacher=teacher)
    assert best.teacher in {teacher, "none"}
    if best.teacher == "none":
        plain = fit_student(given, (), teacher="none")
        assert best.classifier.to_bytes() == plain.to_bytes()


def test_a_teacher_that_nothing_was_held_out_for_is_not_trusted() -> None:
    assert fit_best(lessons(60), lessons(60).after(60), ["a"], teacher="words").teacher == "none"


def test_what_is_held_out_has_no_conversation_that_was_begun_before() -> None:
    given = Lessons(["a", "b", "c", "d"], ["tie"] * 4, [1.0] * 4, ["s", "t", "s", "u"])
    assert given.after(2) == Lessons(["d"], ["tie"], [1.0], ["u"])
    assert given.first(2).texts == ["a", "b"]
