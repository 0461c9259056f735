"""Conclude: try a candidate, keep what was found, and propose it where it is worth it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.codec import plain
from tierwatch.evaluation.evidence.model_evidence import (
    Compared,
    HeldOutSize,
    ModelEvidence,
    OffsetsOfTypes,
)
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.loop.decide.propose import Made, propose
from tierwatch.loop.improve.active_types import readable_types
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.retune_tier import bounds_of
from tierwatch.loop.improve.trial import Trial, try_model
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import Policy
from tierwatch.store.judgements.declared_weights import Drawn, largest_weight
from tierwatch.store.judgements.logged_decisions import mean_costs
from tierwatch.store.learned.artefacts import Artefact, artefact_at, load_artefact
from tierwatch.store.learned.judged_pairs import JudgedPair
from tierwatch.store.learned.refits import add_refit, last_refit, refits_against
from tierwatch.store.proposals import NewProposal


@dataclass(frozen=True, slots=True)
class Contest:
    """A candidate and the model that decides now, at one boundary.

    Attributes:
        boundary: the lower tier.
        stable: the active policy.
        candidate: as it is stored.
        candidate_model: the artefact, read.
        incumbent: the model that decides now, read.
        above: the models that decide at the boundaries above, read, cheapest first.
        pairs: held out, in order.
    """

    boundary: str
    stable: Policy
    candidate: Artefact
    candidate_model: LocalClassifier
    incumbent: LocalClassifier
    above: Sequence[LocalClassifier]
    pairs: Sequence[JudgedPair]

    @property
    def window(self) -> tuple[int, int]:
        """Positions of the first and the last held-out pair; zeros without any."""
        return (self.pairs[0].position, self.pairs[-1].position) if self.pairs else (0, 0)


@dataclass(frozen=True, slots=True)
class _Spent:
    """Which comparison it is, from 0, and what it spends of delta on each of its two tests."""

    k: int
    comparing: float
    certifying: float


def conclude(
    connection: Connection, contest: Contest, *, rules: RefitRules, tried: int = 1
) -> tuple[Trial, Made | None]:
    """Compare a candidate with the model that decides now, and propose it if worth it.

    Args:
        connection: in the caller's transaction, the active row locked.
        contest: who against whom, on which pairs.
        rules: how models are proposed.
        tried: candidates this one was chosen from with these pairs; delta is shared by them.
    """
    boundary, stable = contest.boundary, contest.stable
    incumbent_id = artefact_at(connection, stable.classifier, boundary)
    spent = _spent(connection, boundary, incumbent_id, rules.delta, tried)
    stored = readable_types(connection)
    types = None if stored is None else stored[0]
    trial = try_model(
        contest.pairs,
        contest.incumbent,
        contest.candidate_model,
        threshold=stable.threshold(boundary),
        costs=mean_costs(connection, boundary),
        alpha=rules.alpha.get(boundary),
        delta=spent.comparing,
        certify_delta=spent.certifying,
        above=contest.above,
        types=types,
        max_weight=largest_weight(
            connection,
            boundary,
            first=contest.pairs[0].exchange_id if contest.pairs else None,
            drawn=[Drawn(0.0, pair.pi, pair.weight) for pair in contest.pairs],
        ),
    )
    first_position, last_position = contest.window
    add_refit(
        connection,
        boundary=boundary,
        k=spent.k,
        incumbent_id=incumbent_id,
        candidate_id=contest.candidate.id,
        pairs=len(contest.pairs),
        result=trial_document(trial) | {"proposed": trial.worth_proposing},
        first_position=first_position,
        last_position=last_position,
    )
    if not trial.worth_proposing:
        return trial, None
    evidence = _evidence(contest, trial, spent, rules, incumbent_id=incumbent_id, types=types)
    return trial, propose(connection, _proposal(contest, trial, evidence))


def _spent(
    connection: Connection, boundary: str, incumbent_id: int, delta: float, tried: int
) -> _Spent:
    last = last_refit(connection, boundary)
    k = 0 if last is None else last.k + 1
    tests = refits_against(connection, boundary, incumbent_id)
    return _Spent(k, spent_delta(delta, tests) / tried, spent_delta(delta, k) / tried)


def _proposal(contest: Contest, trial: Trial, evidence: ModelEvidence) -> NewProposal:
    change = trial.change
    return NewProposal(
        artefact_id=contest.candidate.id,
        tier=contest.boundary,
        from_threshold=contest.stable.threshold(contest.boundary),
        to_threshold=trial.threshold,
        certified=trial.certified,
        base_version=contest.stable.version,
        pairs=trial.comparison.pairs,
        predicted=Prediction(change.misroute, change.cost_change, change.kept),
        evidence=evidence,
    )


def _evidence(
    contest: Contest,
    trial: Trial,
    spent: _Spent,
    rules: RefitRules,
    *,
    incumbent_id: int,
    types: TaskTypes | None,
) -> ModelEvidence:
    comparison, choice = trial.comparison, trial.choice
    first_position, last_position = contest.window
    return ModelEvidence(
        held_out=HeldOutSize(comparison.pairs, comparison.conversations),
        log_loss=_compared(comparison.log_loss, comparison.log_loss_gain),
        apgr=_compared(comparison.apgr, comparison.apgr_gain),
        kept_now=trial.change.misroute_now,
        misroute_change=trial.change.misroute_change,
        threshold=trial.threshold,
        candidate_pairs=contest.candidate.pairs,
        candidate_position=contest.candidate.position,
        candidate_author=contest.candidate.author,
        reason="" if choice is None else choice.reason,
        bounds=() if choice is None else bounds_of(choice),
        judge_version=rules.judge_version,
        alpha=rules.alpha.get(contest.boundary),
        delta=spent.certifying,
        k=spent.k,
        incumbent_id=incumbent_id,
        incumbent_pairs=contest.incumbent.pairs,
        first_position=first_position,
        last_position=last_position,
        type_offsets=OffsetsOfTypes(
            types_version=0 if types is None else types.version,
            by_type=dict(contest.candidate_model.offsets_under(types)),
        ),
    )


def trial_document(trial: Trial) -> dict[str, object]:
    """A trial as JSON, as the record of comparisons and `tierwatch train` give it."""
    comparison, change = trial.comparison, trial.change
    return {
        "held_out": {"pairs": comparison.pairs, "conversations": comparison.conversations},
        "log_loss": plain(_compared(comparison.log_loss, comparison.log_loss_gain)),
        "apgr": plain(_compared(comparison.apgr, comparison.apgr_gain)),
        "kept_now": plain(change.misroute_now),
        "misroute_change": plain(change.misroute_change),
        "threshold": trial.threshold,
    }


def _compared(values: tuple[float, float] | None, gain: Estimate) -> Compared:
    old, new = (None, None) if values is None else values
    return Compared(old, new, gain)


def models_above(
    connection: Connection, boundary: str, version: int, rules: RefitRules
) -> list[LocalClassifier]:
    """The models that decide at the boundaries above this one, cheapest first.

    Raises:
        ArtefactError: one cannot be read.
    """
    names = list(rules.configured)
    found = []
    for name in names[names.index(boundary) + 1 :]:
        artefact_id = artefact_at(connection, version, name)
        artefact = load_artefact(connection, artefact_id) if artefact_id else None
        found.append(
            rules.configured[name]
            if artefact is None
            else LocalClassifier.from_bytes(artefact.artefact)
        )
    return found
