"""The linear model: its mean with another, and a copy that is learned on apart."""

import math
from array import array
from itertools import pairwise

import pytest

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.features import BUCKETS, Features, prompt_features
from tierwatch.routing.classify.linear import LinearModel

TEXTS = ("Prove the lemma.", "What is the capital of France?", "2 + 2 = ?", "")


def learned(texts: tuple[str, ...], first: float, slope: float, buckets: int) -> LinearModel:
    model = LinearModel(first, buckets)
    for text in texts:
        model.learn(prompt_features(text), slope)
    return model


@pytest.mark.parametrize("buckets", [0, BUCKETS])
def test_the_mean_of_two_models_scores_the_mean_of_their_scores(buckets: int) -> None:
    one = learned(TEXTS[:2], -1.0, 0.7, buckets)
    other = learned(TEXTS[1:], 0.5, -0.3, buckets)
    mean = one.mean(other)
    for features in map(prompt_features, TEXTS):
        due = (one.score(features) + other.score(features)) / 2
        assert mean.score(features) == pytest.approx(due, abs=1e-5)
    assert mean.numbers() == other.mean(one).numbers()


def test_the_mean_goes_on_learning_by_the_mean_of_both_squares() -> None:
    # A form that is the constant 1 alone: squares .5^2 and 1^2, mean .625. The next step of
    # slope 1 makes it 1.625, and goes back by .25 / sqrt(1.625 + .15).
    one_word = Features((), 0.0, (1.0, 0, 0, 0, 0, 0, 0))
    one, other = LinearModel(0.0, 0), LinearModel(0.0, 0)
    one.learn(one_word, 0.5)
    other.learn(one_word, 1.0)
    mean = one.mean(other)
    before = mean.score(one_word)
    mean.learn(one_word, 1.0)
    assert before - mean.score(one_word) == pytest.approx(0.25 / math.sqrt(1.775), abs=1e-6)


def test_a_copy_is_learned_on_apart() -> None:
    model = learned(TEXTS, 0.0, 0.5, BUCKETS)
    before = [part[:] for part in model.numbers()]
    copy = model.copy()
    assert list(copy.numbers()) == before
    copy.learn(prompt_features(TEXTS[0]), 1.0)
    assert list(model.numbers()) == before
    assert list(copy.numbers()) != before


def test_a_fresh_model_scores_what_it_was_told_to_begin_with() -> None:
    for buckets in (0, BUCKETS):
        model = LinearModel(-1.4, buckets)
        for text in TEXTS:
            assert model.score(prompt_features(text)) == pytest.approx(-1.4)


def test_a_step_goes_against_the_gradient_and_ever_less_far() -> None:
    model, features = LinearModel(0.0, BUCKETS), prompt_features("Prove the lemma.")
    scores = []
    for _ in range(6):
        scores.append(model.score(features))
        model.learn(features, 1.0)
    steps = [before - after for before, after in pairwise(scores)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps, reverse=True)


def test_the_first_step_of_a_constant_is_the_rate_over_its_damped_root() -> None:
    # Slope 2, value 1: squares 4, so .25 x 2 / sqrt(4 + .15).
    alone = Features((), 0.0, (1.0, 0, 0, 0, 0, 0, 0))
    model = LinearModel(0.0, 0)
    model.learn(alone, 2.0)
    assert model.score(alone) == pytest.approx(-0.5 / math.sqrt(4.15), abs=1e-6)


def test_a_slope_of_nothing_teaches_nothing() -> None:
    model = learned(TEXTS, 0.3, 0.5, BUCKETS)
    before = [part[:] for part in model.numbers()]
    model.learn(prompt_features(TEXTS[0]), 0.0)
    assert list(model.numbers()) == before


def test_a_model_of_the_form_alone_does_not_tell_words_apart() -> None:
    model = learned(TEXTS[:1], 0.0, 1.0, 0)
    same_form = ("Prove the lemma.", "Admit the point.")
    one, other = (model.score(prompt_features(text)) for text in same_form)
    assert one == pytest.approx(other)
    worded = learned(TEXTS[:1], 0.0, 1.0, BUCKETS)
    assert worded.score(prompt_features(same_form[0])) < worded.score(prompt_features(same_form[1]))


def test_one_word_is_scored_like_many() -> None:
    # itemgetter of one item gives the item and not a tuple.
    model, one = LinearModel(0.0, BUCKETS), Features((7,), 1.0, (1.0, 0, 0, 0, 0, 0, 0))
    model.words[7] = 2.5
    assert model.score(one) == 2.5
    two = Features((7, 8), 0.5, (1.0, 0, 0, 0, 0, 0, 0))
    model.words[8] = 0.5
    assert model.score(two) == 1.5


def test_numbers_come_back_and_leave_the_rest() -> None:
    model = learned(TEXTS, 0.0, 0.5, BUCKETS)
    numbers = array("f")
    for part in model.numbers():
        numbers.extend(part)
    numbers.extend([1.0, 2.0])
    restored = LinearModel(9.0, BUCKETS)
    assert list(restored.restore("demo", numbers)) == [1.0, 2.0]
    assert restored.numbers() == model.numbers()


@pytest.mark.parametrize("wrong", ["short", "nan", "inf"])
def test_numbers_that_are_too_few_or_not_finite_are_refused(wrong: str) -> None:
    numbers = array("f", [0.0] * 14)
    if wrong == "short":
        numbers.pop()
    else:
        numbers[3] = float(wrong)
    with pytest.raises(ArtefactError, match="demo: its numbers are too few, or one is not finite"):
        LinearModel(0.0, 0).restore("demo", numbers)
