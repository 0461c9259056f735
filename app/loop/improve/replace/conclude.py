"""Conclude: end a trial as soon as its pairs show enough, and propose what is certified."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.replacement_evidence import (
    DailyChange,
    ReplacementEvidence,
    TypeCounts,
)
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.replacement.cost_change import cost_change
from tierwatch.evaluation.replacement.net_worse import Compared, compare_answers
from tierwatch.loop.compare.tier_rates import beaten_from_below, tier_rates
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.propose import propose
from tierwatch.routing.tiers import Tier
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import NewProposal
from tierwatch.store.traffic.daily_bill import tier_day_usd
from tierwatch.store.trials.model_trials import (
    Ended,
    ModelTrial,
    end_trial,
    load_trial,
    say_of_trial,
    set_judge,
)
from tierwatch.store.trials.trial_pairs import (
    DIFFERENCES,
    EndedPair,
    ended_pairs,
    forget_answers,
    trial_progress,
)

# Of fewer nothing is said, whatever they show: costs and rates beside the certificate need them.
FEWEST: Final = 30
# A candidate that has answered none of so many requests is not asked any more: a wrong name, a key.
_NONE_OF: Final = 10
# Below 1 whatever is predicted: a monitor that tolerates everything watches nothing.
_MOST_PROMISED: Final = 0.99


@dataclass(frozen=True, slots=True)
class _Found:
    """What the pairs of a trial say so far; ``counted`` are those that say something."""

    pairs: Sequence[EndedPair]
    counted: Sequence[EndedPair]
    compared: Compared
    spent_usd: float

    def of(self, result: str) -> int:
        return sum(pair.result == result for pair in self.pairs)


def conclude_trial(
    engine: Engine, trial_id: int, *, served: Mapping[str, Tier], judge: str
) -> bool:
    """Look at a trial's pairs; whether there is nothing more to ask for it now.

    It ends certified, which makes a proposal; refused, once it is shown to be worse by more than
    is accepted; undecided, when its sample or its money is used up; failed, where the candidate
    answers nothing; cancelled, where it no longer is about who serves or whose verdicts count.
    While the judge is not trusted nothing is concluded from what it said.

    Args:
        engine: Postgres.
        trial_id: a trial.
        served: the tiers, as the active policy has them served.
        judge: the judge's version.
    """
    with engine.begin() as connection:
        lock_active(connection)  # before the trial and proposals, as everywhere
        trial = load_trial(connection, trial_id, lock=True)
        if trial is None or not trial.running:
            return True
        if not trial.judge_version:
            set_judge(connection, trial.id, judge)
            trial = replace(trial, judge_version=judge)
        found = _found(connection, trial)
        end = _end_unheard(trial, found, served, judge)
        doubt = "" if end else distrust(connection)
        if doubt:
            say_of_trial(connection, trial.id, doubt)
            return False
        end = end or _end_shown(trial, found)
        if end is None:
            say_of_trial(connection, trial.id, "")
            return False
        if end[0] == "certified":
            return _certified(connection, trial, found)
        return _ended(connection, trial, *end)


def _end_unheard(
    trial: ModelTrial, found: _Found, served: Mapping[str, Tier], judge: str
) -> tuple[Ended, str] | None:
    """How a trial ends whatever its pairs say, and why; None where it goes on."""
    stale = _stale(trial, served, judge)
    if stale:
        return "cancelled", stale
    if len(found.pairs) >= _NONE_OF and found.of("unanswered") == len(found.pairs):
        why = f"{trial.candidate.variant} answered none of {len(found.pairs)} requests"
        return "failed", f"{why}: {found.pairs[-1].detail}"
    return None


def _end_shown(trial: ModelTrial, found: _Found) -> tuple[Ended, str] | None:
    """How a trial ends by what its pairs show; None where they do not show enough."""
    net = found.compared.net
    if len(found.counted) >= FEWEST and net.high <= trial.worse_by:
        return "certified", ""
    if len(found.counted) >= FEWEST and net.low > trial.worse_by:
        return "refused", _why_refused(trial, found)
    if len(found.pairs) >= trial.sample:
        why = f"not shown within its {trial.sample:,} pairs: {_said(trial, found)}"
        return "undecided", why
    if found.spent_usd >= trial.budget_usd:
        return "undecided", f"its {trial.budget_usd:,.2f} USD are spent: {_said(trial, found)}"
    return None


def _stale(trial: ModelTrial, served: Mapping[str, Tier], judge: str) -> str:
    """Why a trial is about something that is over; empty where it is not."""
    tier = served.get(trial.tier)
    if tier is None:
        return f"tier {trial.tier} left the configuration"
    if tier.variant != trial.served:
        return f"tier {trial.tier} is served by {tier.variant} by now, and not by {trial.served}"
    if judge != trial.judge_version:
        return f"the judge is {judge} by now, and not {trial.judge_version}"
    return ""


def _found(connection: Connection, trial: ModelTrial) -> _Found:
    pairs = ended_pairs(connection, trial.id)
    counted = [pair for pair in pairs if pair.result in DIFFERENCES]
    progress = trial_progress(connection, trial.id)
    compared = compare_answers(
        [DIFFERENCES[pair.result] for pair in counted],
        # As drawn: a quotient may exceed its cap by rounding.
        [min(pair.weight, trial.max_weight) for pair in counted],
        max_weight=trial.max_weight,
        delta=trial.delta,
    )
    return _Found(pairs, counted, compared, progress.spent_usd)


def _ended(connection: Connection, trial: ModelTrial, state: Ended, why: str) -> bool:
    end_trial(connection, trial.id, state, why=why)
    forget_answers(connection, trial.id)
    add_audit(
        connection,
        actor="tierwatch",
        action=f"model_trial.{state}",
        subject=f"model_trial/{trial.id}",
        why=why,
    )
    return True


def _said(trial: ModelTrial, found: _Found) -> str:
    """The figures, as a sentence goes on with them."""
    compared, n = found.compared, len(found.counted)
    if compared.net.value is None:
        return f"no pair of {len(found.pairs)} could be compared"
    return (
        f"{trial.candidate.variant} was materially worse in {percent(compared.worse.value)} and"
        f" better in {percent(compared.better.value)} of {n:,} pairs, so worse by"
        f" {percent(compared.net.value)} ({percent(compared.net.low)} to"
        f" {percent(compared.net.high)}); {percent(trial.worse_by)} is accepted"
    )


def _why_refused(trial: ModelTrial, found: _Found) -> str:
    failing = found.of("unanswered")
    unanswered = f"; {failing:,} requests it did not answer at all" if failing else ""
    return f"shown to be worse: {_said(trial, found)}{unanswered}"


def _certified(connection: Connection, trial: ModelTrial, found: _Found) -> bool:
    """Propose it; where the tier has a proposal that is not finished, wait for that."""
    new = _proposal(connection, trial, found)
    made = propose(connection, new)
    if made is None:
        why = f"certified; tier {trial.tier} has a proposal that has to be decided first"
        say_of_trial(connection, trial.id, why)
        return True
    why = f"certified, proposal {made.id}: {_said(trial, found)}"
    end_trial(connection, trial.id, "certified", why=why, proposal_id=made.id)
    forget_answers(connection, trial.id)
    add_audit(
        connection,
        actor="tierwatch",
        action="model_trial.certified",
        subject=f"model_trial/{trial.id}",
        proposal=made.id,
    )
    return True


def _proposal(connection: Connection, trial: ModelTrial, found: _Found) -> NewProposal:
    active = active_policies(connection)
    if active is None:
        raise AssertionError("a trial is begun under a policy")  # pragma: no cover
    policy, tier, net = active.stable, trial.tier, found.compared.net
    top = tier not in policy.thresholds
    now = (
        beaten_from_below(connection, tier, trial.judge_version)
        if top
        else tier_rates(connection, trial.judge_version).misroute(tier).judged
    )
    then = _predicted(now, net)
    answered = [pair for pair in found.counted if pair.result != "unanswered"]
    change = cost_change(
        [pair.served_usd for pair in answered],
        [pair.candidate_usd for pair in answered],
        [pair.weight for pair in answered],
    )
    day_usd = tier_day_usd(connection, tier, now=dt.datetime.now(dt.UTC))
    known = day_usd is not None and change.value is not None
    threshold = 0.0 if top else policy.threshold(tier)
    evidence = ReplacementEvidence(
        trial_id=trial.id,
        served=trial.served,
        candidate=trial.candidate.variant,
        provider=trial.candidate.provider,
        model={
            "model": trial.candidate.model,
            "effort": trial.candidate.effort,
            "instead_of": trial.candidate.instead_of,
        },
        price=trial.candidate.to_json()["price"],
        net=net,
        worse=found.compared.worse,
        better=found.compared.better,
        worse_by=trial.worse_by,
        delta=trial.delta,
        pairs=len(found.counted),
        unanswered=found.of("unanswered"),
        contradictions=found.of("inconclusive"),
        unscored=found.of("unscored"),
        by_type=_by_type(found.counted),
        misroute_now=now,
        promised=min(_MOST_PROMISED, then.high),
        day=DailyChange(day_usd, day_usd * change.value)
        if known and day_usd is not None and change.value is not None
        else None,
        spent_usd=found.spent_usd,
        judge_version=trial.judge_version,
        reason=_said(trial, found),
    )
    return NewProposal(
        tier=tier,
        from_threshold=threshold,
        to_threshold=threshold,
        certified=True,
        base_version=policy.version,
        pairs=len(found.counted),
        predicted=Prediction(then, change, unknown("the thresholds stay")),
        evidence=evidence,
    )


def _predicted(now: Estimate, net: Estimate) -> Estimate:
    """The tier's rate against its neighbour once the candidate serves.

    As far as "worse" adds up: what the model loses against the one before, on top of what that one
    lost. An expectation to watch a rollout by, and no certificate.
    """
    if now.value is None or net.value is None:
        return unknown("no pairs of the tier")
    return Estimate(
        min(1.0, max(0.0, now.value + net.value)),
        max(0.0, now.low + min(0.0, net.low)),
        min(1.0, now.high + max(0.0, net.high)),
        now.n,
        "the tier's rate now and what the candidate was worse by",
    )


def _by_type(pairs: Sequence[EndedPair]) -> dict[str, TypeCounts]:
    counts: dict[str, list[int]] = {}
    places = {"worse": 0, "unanswered": 0, "better": 1, "tie": 2}
    for pair in pairs:
        counts.setdefault(pair.task_type, [0, 0, 0])[places[pair.result]] += 1
    return {name: TypeCounts(*found) for name, found in sorted(counts.items())}
