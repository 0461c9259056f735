"""The linear model: its mean with another, and a copy that is learned on apart."""

import math

import pytest

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
