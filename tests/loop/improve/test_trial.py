"""A candidate beside the model that decides, on pairs neither has learned."""

import datetime as dt
import uuid

import numpy as np
import pytest
from factories.pairs import prompts

from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.thresholds.choice import ThresholdChoice
from tierwatch.loop.improve.trial import Trial, own_threshold, try_model
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.store.learned.judged_pairs import JudgedPair


def pairs_of(found: list[tuple[str, str]]) -> list[JudgedPair]:
    at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    return [
        JudgedPair(
            position=number,
            session=f"session {number}",
            verdict=verdict,
            loss=float(verdict == "worse"),
            pi=1.0,
            weight=1.0,
            exchange_id=uuid.UUID(int=number),
            judged_at=at,
            text=text,
            said=None,
        )
        for number, (text, verdict) in enumerate(found, 1)
    ]


@pytest.fixture(scope="module")
def learned() -> LocalClassifier:
    model = LocalClassifier()
    for text, verdict in prompts(600):
        model.learn(text, verdict)
    return model


HELD_OUT = pairs_of(list(prompts(300, seed=2)))


def trial(incumbent: LocalClassifier, candidate: LocalClassifier, alpha: float | None) -> Trial:
    return try_model(
        HELD_OUT,
        incumbent,
        candidate,
        threshold=0.7,
        costs=(1.0, 12.0),
        alpha=alpha,
        delta=0.025,
        certify_delta=0.025,
    )


def test_what_has_learned_is_better_than_what_has_not(learned: LocalClassifier) -> None:
    found = trial(LocalClassifier(), learned, 0.3)
    assert found.comparison.better
    assert found.worth_proposing
    assert found.comparison.pairs == 300
    assert found.certified
    # What an untrained model keeps says nothing: the certified threshold is taken as it is.
    assert found.choice is not None
    assert found.threshold == found.choice.threshold


def test_the_other_way_round_it_is_not(learned: LocalClassifier) -> None:
    found = trial(learned, LocalClassifier(), 0.3)
    assert not found.comparison.better
    assert not found.worth_proposing


def test_a_model_is_no_better_than_itself_and_keeps_the_share_it_keeps(
    learned: LocalClassifier,
) -> None:
    found = trial(learned, learned, None)
    assert found.comparison.log_loss_gain.value == 0.0
    assert not found.worth_proposing
    assert found.change.kept.value <= found.change.kept_now.value
    assert found.change.misroute_change.value == pytest.approx(0.0, abs=0.02)


def test_without_a_rate_to_hold_nothing_is_certified(learned: LocalClassifier) -> None:
    found = trial(LocalClassifier(), learned, None)
    assert found.choice is None
    assert not found.certified


def test_without_pairs_nothing_is_known() -> None:
    found = try_model(
        [],
        LocalClassifier(),
        LocalClassifier(),
        threshold=0.7,
        costs=(1.0, 12.0),
        alpha=0.3,
        delta=0.025,
        certify_delta=0.025,
    )
    assert (found.comparison.pairs, found.comparison.log_loss, found.choice) == (0, None, None)
    assert not found.worth_proposing


def choice(threshold: float | None, *, certified: bool) -> ThresholdChoice:
    return ThresholdChoice(threshold, certified, {}, {}, 0.5, exceeded=False)


FOUR = pairs_of([("a", "worse"), ("b", "tie"), ("c", "tie"), ("d", "tie")])
SURE: Floats = np.array([0.6, 0.7, 0.8, 0.9])


@pytest.mark.parametrize(
    ("alpha", "at", "expected"),
    [
        # One of the four kept at .5 is worse: 25 %, above 10 %, so the stricter certified one.
        (0.1, choice(0.65, certified=True), 0.65),
        # 25 % is within 30 %: the matched one stays.
        (0.3, choice(0.65, certified=True), 0.5),
        # A looser certified one does not loosen what is matched.
        (0.1, choice(0.4, certified=True), 0.5),
        (0.1, choice(0.65, certified=False), 0.5),
        (0.1, choice(None, certified=False), 0.5),
        (0.1, None, 0.5),
        (None, choice(0.65, certified=True), 0.5),
    ],
)
def test_the_matched_threshold_yields_only_to_harm_and_a_certificate(
    alpha: float | None, at: ThresholdChoice | None, expected: float
) -> None:
    assert own_threshold(FOUR, SURE, 0.5, alpha, at, untrained=False) == expected


def test_beside_an_untrained_model_the_certified_threshold_is_taken() -> None:
    assert own_threshold(FOUR, SURE, 0.9, 0.3, choice(0.4, certified=True), untrained=True) == 0.4


@pytest.mark.parametrize(("own", "certified"), [(0.6, "no"), (0.65, "yes"), (0.9, "yes")])
def test_a_threshold_at_least_as_strict_as_the_certified_one_is_certified(
    learned: LocalClassifier, own: float, certified: str
) -> None:
    found = trial(learned, learned, None)
    made = Trial(found.comparison, own, choice(0.65, certified=True), found.change)
    assert made.certified is (certified == "yes")
