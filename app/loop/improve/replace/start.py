"""Start: begin a trial of a model in a tier's place, or cancel one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.errors import ConflictError, PolicyError, UsageError
from tierwatch.evaluation.sampling.plan import SamplingPlan, weight_cap
from tierwatch.evaluation.thresholds.spending import spent_delta
from tierwatch.routing.config.prices import price_of
from tierwatch.routing.config.providers import provider_of
from tierwatch.routing.facts import EFFORTS
from tierwatch.routing.served.tier_model import TierModel, served_tiers
from tierwatch.routing.tiers import Price, Tier, resolved_model
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.trials.model_trials import (
    NewTrial,
    add_trial,
    end_trial,
    load_trial,
    trials_before,
)
from tierwatch.store.trials.trial_pairs import forget_answers

# Two equal models of whose answers 10 % are worse and 10 % better are certified within .05 in 76 %
# of trials of so many pairs, those with 5 % in 99 % (decision 0077).
DEFAULT_SAMPLE: Final = 1_000
DEFAULT_BUDGET_USD: Final = 10.0
DEFAULT_WORSE_BY: Final = 0.05
DEFAULT_DELTA: Final = 0.05
MOST_SAMPLE: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A trial as a person asks for it.

    Attributes:
        tier: whose model is to be replaced.
        model: the candidate's name; None for the model that serves, at another effort.
        provider: who serves it; None for the one that a file would take it to be.
        price: what its tokens cost; None for the list price.
        effort: how much it is to think; None for what callers say, or with no model named, for
            what the tier has.
        sample: pairs at most.
        budget_usd: what asking and judging may cost, inside the day's budget.
        worse_by: net rate of worse answers that is accepted.
        delta: chance that the certificate is wrong, over all trials of this candidate here.
    """

    tier: str
    model: str | None = None
    provider: str | None = None
    price: Price | None = None
    effort: str | None = None
    sample: int = DEFAULT_SAMPLE
    budget_usd: float = DEFAULT_BUDGET_USD
    worse_by: float = DEFAULT_WORSE_BY
    delta: float = DEFAULT_DELTA


def start_trial(
    connection: Connection,
    wanted: Wanted,
    *,
    config: Config,
    plan: SamplingPlan,
    actor: str,
) -> int:
    """Begin a trial; workers do the rest. Its id.

    Args:
        connection: inside the caller's transaction.
        wanted: what was asked for.
        config: the whole tierwatch.yaml.
        plan: by which its exchanges are sampled, for the cap on their weights.
        actor: who asks, for the audit.

    Raises:
        UsageError: something that was asked for cannot be; says what can.
        ConflictError: the tier has a trial that runs, or there is no policy yet.
    """
    _require_sound(wanted)
    lock_active(connection)
    active = active_policies(connection)
    if active is None:
        raise ConflictError("there is no policy yet: start a gateway, which stores the first one")
    file = {tier.name: tier for tier in config.tiers}
    if wanted.tier not in file:
        raise UsageError(f"--tier: found {wanted.tier!r}; accepted: {', '.join(file)}")
    held = served_tiers(config.tiers, active.stable.models, config.providers)
    serving = {tier.name: tier for tier in held}
    candidate = _candidate(wanted, config, file[wanted.tier], serving)
    _require_fit(candidate, wanted.tier, config, serving)
    k = trials_before(connection, wanted.tier, candidate.variant)
    new = NewTrial(
        tier=wanted.tier,
        served=serving[wanted.tier].variant,
        candidate=candidate,
        sample=wanted.sample,
        budget_usd=wanted.budget_usd,
        worse_by=wanted.worse_by,
        delta=spent_delta(wanted.delta, k),
        max_weight=_largest_weight(plan, top=wanted.tier == config.tiers[-1].name),
        base_version=active.stable.version,
        started_by=actor,
    )
    trial_id = add_trial(connection, new)
    if trial_id is None:
        raise ConflictError(f"tier {wanted.tier} has a trial that runs; cancel it, or wait for it")
    add_audit(
        connection,
        actor=actor,
        action="model_trial.started",
        subject=f"model_trial/{trial_id}",
        tier=wanted.tier,
        served=new.served,
        candidate=candidate.variant,
        provider=candidate.provider,
    )
    return trial_id


def cancel_trial(connection: Connection, trial_id: int, *, actor: str, why: str = "") -> None:
    """End a trial that runs; what it has found is kept, and nothing is proposed.

    Raises:
        ConflictError: there is none, or it has ended.
    """
    trial = load_trial(connection, trial_id, lock=True)
    if trial is None:
        raise ConflictError(f"there is no trial {trial_id}")
    if not trial.running:
        raise ConflictError(f"trial {trial_id} is {trial.state} already")
    end_trial(connection, trial_id, "cancelled", why=why or f"cancelled by {actor}")
    forget_answers(connection, trial_id)
    add_audit(
        connection,
        actor=actor,
        action="model_trial.cancelled",
        subject=f"model_trial/{trial_id}",
        why=why,
    )


def _require_sound(wanted: Wanted) -> None:
    checks = (
        ("--sample", wanted.sample, 1 <= wanted.sample <= MOST_SAMPLE, f"1 to {MOST_SAMPLE:,}"),
        ("--budget", wanted.budget_usd, 0 < wanted.budget_usd < math.inf, "USD above 0"),
        ("--worse-by", wanted.worse_by, 0 < wanted.worse_by < 1, "a share between 0 and 1"),
        ("--delta", wanted.delta, 0 < wanted.delta < 1, "a chance between 0 and 1"),
        ("--effort", wanted.effort, wanted.effort in (None, *EFFORTS), ", ".join(EFFORTS)),
    )
    for name, found, sound, accepted in checks:
        if not sound:
            raise UsageError(f"{name}: found {found!r}; accepted: {accepted}")
    if wanted.model is None and wanted.effort is None:
        raise UsageError("name what is to be tried: --model, --effort, or both")


def _candidate(
    wanted: Wanted, config: Config, file: Tier, serving: Mapping[str, Tier]
) -> TierModel:
    """Who is to serve in place of the file's model."""
    now = serving[wanted.tier]
    model = now.model if wanted.model is None else wanted.model.strip()
    kinds = {name: str(provider.kind) for name, provider in config.providers.items()}
    same = model == now.model and wanted.provider in (None, now.provider)
    provider = now.provider if same else provider_of(model, wanted.provider, kinds)
    if provider is None:
        found = "nothing" if wanted.provider is None else repr(wanted.provider)
        raise UsageError(f"--provider: found {found}; accepted: {', '.join(kinds)}")
    price = wanted.price or (now.price if same else price_of(model, None, {}).price)
    if price is None:
        raise UsageError(
            f"--price: there is no list price of {model!r}; say it, as 3/15 for 3 USD per million"
            " tokens read and 15 written"
        )
    try:
        found_one = TierModel(model, provider, price, wanted.effort or "", file.variant)
    except PolicyError as problem:
        raise UsageError(str(problem)) from problem
    if (found_one.variant, provider) == (now.variant, now.provider):
        raise UsageError(f"{found_one.variant} serves tier {wanted.tier} already")
    return found_one


def _require_fit(
    candidate: TierModel, tier: str, config: Config, serving: Mapping[str, Tier]
) -> None:
    judge = config.evaluation.judge
    if judge is None or judge.kind == "recorded" or not judge.model:
        raise UsageError("a trial needs a judge that is asked: evaluation.judge of another kind")
    # Both where a cheap one is asked first: the anchors may let it stand there at any hour.
    judging = [judge.model] if judge.first is None else [judge.model, judge.first.model]
    if resolved_model(candidate.model) in map(resolved_model, judging):
        raise UsageError(
            f"--model: {candidate.model!r} is the judge, and a model prefers its own answers;"
            " name another judge first"
        )
    names = list(serving)
    above = names[names.index(tier) + 1 :][:1]
    for name in above:
        dearer = serving[name].price
        if candidate.price.blended_usd > dearer.blended_usd:
            raise UsageError(
                f"--model: {candidate.model!r} at {candidate.price} is dearer than the next tier"
                f" up, {name} at {dearer}: going up would give more for less"
            )


def _largest_weight(plan: SamplingPlan, *, top: bool) -> float:
    """The most that an exchange may weigh of those that a trial draws from.

    Of the top tier's those probed down, of any other tier's those shadowed up.
    """
    if not top:
        return weight_cap(plan)
    down = plan.probe_down_rate
    return 1.0 if down is None or down <= 0 else max(1.0, plan.sample_rate / down)
