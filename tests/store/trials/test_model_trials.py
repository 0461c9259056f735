"""A tier has one trial that runs; how one ended is written once."""

from dataclasses import replace

import pytest
from factories.trials import NEW, new_trial
from sqlalchemy import Connection

from tierwatch.store.trials.model_trials import (
    ModelTrial,
    add_trial,
    end_trial,
    load_trial,
    newest_trials,
    running_trials,
    say_of_trial,
    set_judge,
    trials_before,
)


def loaded(connection: Connection, trial_id: int | None) -> ModelTrial:
    trial = load_trial(connection, trial_id or 0, lock=True)
    assert trial is not None
    return trial


def test_what_was_asked_for_is_kept(connection: Connection) -> None:
    trial = loaded(connection, add_trial(connection, new_trial()))
    assert (trial.tier, trial.served, trial.candidate) == ("simple", "simple-1", NEW)
    assert (trial.sample, trial.budget_usd, trial.worse_by, trial.delta) == (200, 5.0, 0.2, 0.05)
    assert (trial.state, trial.running, trial.why, trial.judge_version) == ("running", True, "", "")
    assert trial.proposal_id is trial.ended_at is None


def test_a_tier_has_one_that_runs(connection: Connection) -> None:
    first = add_trial(connection, new_trial())
    assert add_trial(connection, new_trial()) is None
    other = add_trial(connection, new_trial(tier="standard"))
    assert [trial.id for trial in running_trials(connection)] == [first, other]
    assert end_trial(connection, first or 0, "refused", why="worse")
    assert add_trial(connection, new_trial()) is not None


def test_an_end_is_written_once(connection: Connection) -> None:
    trial_id = add_trial(connection, new_trial()) or 0
    assert end_trial(connection, trial_id, "certified", why="as good", proposal_id=3)
    assert not end_trial(connection, trial_id, "cancelled", why="no")
    trial = loaded(connection, trial_id)
    assert (trial.state, trial.why, trial.proposal_id) == ("certified", "as good", 3)
    assert trial.ended_at is not None
    say_of_trial(connection, trial_id, "waits")
    assert loaded(connection, trial_id).why == "as good"


def test_the_judge_is_the_first_worker_s(connection: Connection) -> None:
    trial_id = add_trial(connection, new_trial()) or 0
    set_judge(connection, trial_id, "pairwise/v2/one")
    set_judge(connection, trial_id, "pairwise/v2/other")
    assert loaded(connection, trial_id).judge_version == "pairwise/v2/one"


def test_trials_of_one_candidate_are_counted(connection: Connection) -> None:
    for effort in ("", "", "high"):
        candidate = replace(NEW, effort=effort)
        trial_id = add_trial(connection, new_trial(candidate=candidate)) or 0
        end_trial(connection, trial_id, "refused", why="")
    assert trials_before(connection, "simple", "small-2") == 2
    assert trials_before(connection, "simple", "small-2:high") == 1
    assert trials_before(connection, "standard", "small-2") == 0


def test_the_newest_come_first(connection: Connection) -> None:
    ids = []
    for _ in range(3):
        trial_id = add_trial(connection, new_trial()) or 0
        end_trial(connection, trial_id, "refused", why="")
        ids.append(trial_id)
    assert [trial.id for trial in newest_trials(connection)] == ids[::-1]
    assert [trial.id for trial in newest_trials(connection, before=ids[2])] == ids[1::-1]


@pytest.mark.parametrize("trial_id", [0, 2**40])
def test_there_is_no_such_trial(connection: Connection, trial_id: int) -> None:
    assert load_trial(connection, trial_id) is None
