"""Trials of models in a tier's place: read, and cancel. They are begun by the command."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Reason, Route, reason, there
from tierwatch.dashboard.arguments import ID, before_number
from tierwatch.dashboard.site import this_person
from tierwatch.loop.improve.replace.start import cancel_trial
from tierwatch.store.documents import JsonValue
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.trials import model_trials as stored
from tierwatch.store.trials.model_trials import load_trial, newest_trials
from tierwatch.store.trials.trial_pairs import trial_progress


@dataclass(frozen=True, slots=True)
class ModelTrial:
    """A trial of a model in the place of a tier's.

    Attributes:
        served: the model, with its effort, that it is held against.
        candidate: who is to serve: model, provider, price, effort, and what it is instead of.
        state: ``running``, ``certified``, ``refused``, ``undecided``, ``cancelled`` or ``failed``.
        why: a sentence about its end, or about what it waits for.
        pairs: that have their result.
        spent_usd: for asking and judging, so far.
        proposal_id: that it became, or null.
    """

    id: int
    tier: str
    served: str
    candidate: JsonValue
    sample: int
    budget_usd: float
    worse_by: float
    delta: float
    judge_version: str
    state: str
    why: str
    pairs: int
    spent_usd: float
    proposal_id: int | None
    started_by: str
    started_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ModelTrials:
    """Trials, newest first; ``before`` asks for the next page, null on the last."""

    trials: list[ModelTrial]
    before: int | None


def _trials(connection: Connection) -> ModelTrials:
    found = newest_trials(connection, before=before_number())
    sent = [_sent(connection, trial) for trial in found]
    return ModelTrials(sent, found[-1].id if len(found) == PAGE else None)


def _trial(connection: Connection, trial_id: int) -> ModelTrial:
    return _sent(connection, there(load_trial(connection, trial_id)))


def _cancel(connection: Connection, trial_id: int) -> ModelTrial:
    _trial(connection, trial_id)
    cancel_trial(connection, trial_id, actor=this_person().name, why=reason())
    return _trial(connection, trial_id)


def _sent(connection: Connection, trial: stored.ModelTrial) -> ModelTrial:
    done = trial_progress(connection, trial.id)
    return ModelTrial(
        id=trial.id,
        tier=trial.tier,
        served=trial.served,
        candidate=trial.candidate.to_json(),
        sample=trial.sample,
        budget_usd=trial.budget_usd,
        worse_by=trial.worse_by,
        delta=trial.delta,
        judge_version=trial.judge_version,
        state=trial.state,
        why=trial.why,
        pairs=done.ended,
        spent_usd=done.spent_usd,
        proposal_id=trial.proposal_id,
        started_by=trial.started_by,
        started_at=trial.started_at,
        ended_at=trial.ended_at,
    )


ROUTES = (
    Route(
        "GET",
        "/model-trials",
        "Trials of models in a tier's place, newest first.",
        ModelTrials,
        _trials,
        query=BEFORE,
    ),
    Route("GET", f"/model-trials/<{ID}:trial_id>", "One trial.", ModelTrial, _trial),
    Route(
        "POST",
        f"/model-trials/<{ID}:trial_id>/cancel",
        "Cancel a trial that runs; nothing more is asked for it, and nothing is proposed.",
        ModelTrial,
        _cancel,
        role="approver",
        body=Reason,
    ),
)
