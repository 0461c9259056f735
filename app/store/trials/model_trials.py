"""Trials of a model in the place of a tier's: begun, running, ended. A tier has one that runs."""

import datetime as dt
from dataclasses import dataclass, fields
from typing import Final, Literal

from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.routing.served.tier_model import TierModel
from tierwatch.store.schema.proposals import ModelTrialRow
from tierwatch.store.schema.values import select_fields

# A page of them; a team begins a few a month.
_SHOWN = 50
Ended = Literal["certified", "refused", "undecided", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrial:
    """A trial to begin.

    Attributes:
        tier: whose model it is about.
        served: the variant that serves it now.
        candidate: to take its place.
        sample: pairs at most.
        budget_usd: what asking and judging may cost.
        worse_by: net rate of worse answers that is accepted, in (0, 1).
        delta: chance that a bound is wrong.
        max_weight: cap on the weights of its pairs, declared before they are drawn.
        base_version: the policy that is active.
        started_by: who asked for it.
    """

    tier: str
    served: str
    candidate: TierModel
    sample: int
    budget_usd: float
    worse_by: float
    delta: float
    max_weight: float
    base_version: int
    started_by: str


@dataclass(frozen=True, slots=True)
class ModelTrial:
    """A stored trial; ``why`` is a sentence about its end, or about what it waits for.

    ``judge_version`` is whose verdicts count; empty before a worker has taken it up.
    """

    id: int
    tier: str
    served: str
    candidate: TierModel
    sample: int
    budget_usd: float
    worse_by: float
    delta: float
    max_weight: float
    judge_version: str
    base_version: int
    state: str
    why: str
    proposal_id: int | None
    started_by: str
    started_at: dt.datetime
    ended_at: dt.datetime | None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state == "running"


_COLUMNS: Final = tuple(field.name for field in fields(ModelTrial))


def add_trial(connection: Connection, new: NewTrial) -> int | None:
    """Begin a trial; None while the tier has one that runs."""
    return connection.execute(
        insert(ModelTrialRow)
        .values(
            tier=new.tier,
            served=new.served,
            candidate=new.candidate.to_json(),
            sample=new.sample,
            budget_usd=new.budget_usd,
            worse_by=new.worse_by,
            delta=new.delta,
            max_weight=new.max_weight,
            base_version=new.base_version,
            started_by=new.started_by,
        )
        .on_conflict_do_nothing(
            index_elements=[ModelTrialRow.tier], index_where=text("state = 'running'")
        )
        .returning(ModelTrialRow.id)
    ).scalar_one_or_none()


def load_trial(connection: Connection, trial_id: int, *, lock: bool = False) -> ModelTrial | None:
    """A trial, or None; locked until the transaction ends where asked."""
    query = select_fields(ModelTrial, ModelTrialRow).where(ModelTrialRow.id == trial_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _trial(row)


def running_trials(connection: Connection) -> list[ModelTrial]:
    """Those that run, oldest first."""
    query = select_fields(ModelTrial, ModelTrialRow).where(ModelTrialRow.state == "running")
    return [_trial(row) for row in connection.execute(query.order_by(ModelTrialRow.id))]


def newest_trials(connection: Connection, *, before: int | None = None) -> list[ModelTrial]:
    """A page of all trials, newest first; those before an id where one is given."""
    query = select_fields(ModelTrial, ModelTrialRow).order_by(ModelTrialRow.id.desc())
    if before is not None:
        query = query.where(ModelTrialRow.id < before)
    return [_trial(row) for row in connection.execute(query.limit(_SHOWN))]


def trials_before(connection: Connection, tier: str, variant: str) -> int:
    """How many trials of one candidate at a tier have been begun; each spent some of delta."""
    candidates = connection.execute(
        select(ModelTrialRow.candidate).where(ModelTrialRow.tier == tier)
    ).scalars()
    return sum(TierModel.from_json(one).variant == variant for one in candidates)


def set_judge(connection: Connection, trial_id: int, judge_version: str) -> None:
    """Write down whose verdicts a trial rests on; once."""
    connection.execute(
        update(ModelTrialRow)
        .where(ModelTrialRow.id == trial_id, ModelTrialRow.judge_version == "")
        .values(judge_version=judge_version)
    )


def say_of_trial(connection: Connection, trial_id: int, why: str) -> None:
    """Write down what a running trial waits for; empty for nothing."""
    connection.execute(
        update(ModelTrialRow)
        .where(ModelTrialRow.id == trial_id, ModelTrialRow.state == "running")
        .values(why=why)
    )


def end_trial(
    connection: Connection,
    trial_id: int,
    state: Ended,
    *,
    why: str,
    proposal_id: int | None = None,
) -> bool:
    """Write down how a trial ended, and why; False where it had ended before."""
    ended = connection.execute(
        update(ModelTrialRow)
        .where(ModelTrialRow.id == trial_id, ModelTrialRow.state == "running")
        .values(state=state, why=why, proposal_id=proposal_id, ended_at=func.now())
        .returning(ModelTrialRow.id)
    ).one_or_none()
    return ended is not None


def _trial(row: Row[*tuple[object, ...]]) -> ModelTrial:
    columns = dict(zip(_COLUMNS, row, strict=True))
    columns["candidate"] = TierModel.from_json(columns["candidate"])
    return ModelTrial(**columns)  # type: ignore[arg-type] # by their columns
