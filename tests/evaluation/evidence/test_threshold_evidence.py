from dataclasses import replace

from factories import evidence as stored

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.evidence.threshold_evidence import (
    MeanCosts,
    MovedTraffic,
    ObjectiveEvidence,
    ThresholdBound,
    ThresholdEvidence,
)


def test_a_proposal_of_the_first_day_has_no_reason_no_labels_and_no_replay() -> None:
    found = ThresholdEvidence.from_json(stored.threshold())
    assert (found.reason, found.judge_errors, found.replay, found.moved) == ("", None, None, None)
    assert found.mean_cost_usd == MeanCosts(0.001, 0.01)
    assert found.bounds[1] == ThresholdBound(0.79, 0.052, 310)


def test_what_came_later_is_read_where_it_stands() -> None:
    errors = {"caught": 9, "bad": 10, "cleared": 28, "good": 30}
    document = stored.threshold(
        reason="the bound is 0.07",
        judge_errors=errors,
        replay=stored.replay(),
        moved={
            "to": "simple",
            "requests": 20,
            "changed": 12,
            "fitted": {"-stop": 12},
            "lacking": {"images": 1},
            "not_taken": 0.05,
        },
    )
    found = ThresholdEvidence.from_json(document)
    assert found.judge_errors == JudgeErrors(9, 10, 28, 30)
    assert found.replay is not None
    assert found.replay.boundaries[0].effective == 210.4
    assert found.moved == MovedTraffic("simple", 20, 12, {"-stop": 12}, {"images": 1}, 0.05)
    assert found.to_json() == document | {"version": 1, "moving": None}


def test_a_replay_keeps_the_open_ends_of_its_intervals() -> None:
    found = ThresholdEvidence.from_json(stored.threshold(replay=stored.replay()))
    assert found.replay is not None
    change = found.replay.boundaries[0].misroutes_change
    assert (change.low, change.high) == (float("-inf"), float("inf"))


def test_bounds_of_the_first_objective_had_no_pairs() -> None:
    found = ObjectiveEvidence.from_json(stored.objective())
    assert found.bounds == (ThresholdBound(0.7, 0.041, 0),)
    assert found.reason == ""
    assert found.promised == {"simple": 0.07, "standard": 0.04}


def test_no_tier_has_an_alpha_of_its_own_under_an_objective() -> None:
    found = ObjectiveEvidence.from_json(stored.objective())
    assert found.to_json()["alpha"] is None


def test_a_certified_step_says_what_it_keeps_and_what_it_loses() -> None:
    test = ObjectiveEvidence.from_json(stored.objective()).objective
    assert test.sentence == (
        "Keeps 95 % of complex's quality: loses 3.1 % now, at most 4.8 % then (allowed 5.0 %)"
    )


def test_a_step_that_is_not_certified_says_so_first() -> None:
    test = ObjectiveEvidence.from_json(stored.objective()).objective
    assert replace(test, certified=False, bound_then=0.061).sentence == (
        "Not shown to keep 95 % of complex's quality: loses 3.1 % now, 4.0 % then by estimate and"
        " at most 6.1 % (allowed 5.0 %)"
    )


def test_a_loss_that_is_not_known_is_said_in_words() -> None:
    test = ObjectiveEvidence.from_json(stored.objective()).objective
    unknown = replace(test.loss_now, value=None)
    assert "loses an unknown share now" in replace(test, loss_now=unknown).sentence
