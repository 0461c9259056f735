"""What a configuration asks of each step of the loop."""

from tierwatch.config import Config
from tierwatch.evaluation.sampling.plan import weight_cap
from tierwatch.fit.memory import Memory
from tierwatch.fit.received import Receiving
from tierwatch.loop.decide.approvals import ApprovalRules
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.loop.improve.learn import LearnRules
from tierwatch.loop.improve.objective import objective_of
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.watch.bursts import BurstRules
from tierwatch.loop.watch.observe import MonitorRules
from tierwatch.loop.watch.past import PastRules
from tierwatch.providers.endpoint import spoken_wire
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings

# The alarm with a tolerance and the one against the past share what the configuration accepts: half
# of the false alarms each, so twice the level.
ALARMS = 2


def monitor_rules(settings: Settings, config: Config) -> MonitorRules:
    """What the configuration asks of the monitors."""
    evaluation = config.evaluation
    return MonitorRules(
        tolerance={CACHE_TIER: config.cache_tolerance, **evaluation.tolerance},
        level=ALARMS * evaluation.alert_level,
        past=PastRules(
            models={tier.name: tier.variant for tier in config.tiers},
            level=ALARMS * evaluation.alert_level,
        ),
        max_weight=weight_cap(sampling_plan(config)),
        min_pairs=evaluation.min_pairs,
        budget_usd_per_day=evaluation.budget_usd_per_day,
        conversation_idle_s=settings.conversation_idle_s,
        quality=_quality(config),
    )


def burst_rules(config: Config) -> BurstRules:
    """What the configuration asks of bursts: no denser than there is traffic for."""
    return BurstRules(
        density=sampling_plan(config).possible_density(config.evaluation.burst),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
    )


def _quality(config: Config) -> float | None:
    objective = config.evaluation.objective
    return None if objective is None else objective.quality


def retune_rules(settings: Settings, config: Config) -> RetuneRules:
    """What the configuration asks of retuning."""
    return _retune_rules(config, every_s=settings.retune_every_s)


def named_threshold_rules(config: Config) -> RetuneRules:
    """How a threshold is tested that a person names, at any moment."""
    return _retune_rules(config, every_s=0.0)


def _retune_rules(config: Config, *, every_s: float) -> RetuneRules:
    asked = config.evaluation.retune
    return RetuneRules(
        mode=asked.mode,
        alpha=retune_alpha(config),
        delta=asked.delta,
        step=asked.step,
        min_pairs=asked.min_pairs,
        every_s=every_s,
        correct_judge=asked.judge_errors == "correct",
        objective=objective_of(config),
        receiving=Receiving(
            config.tiers,
            Memory(config.tiers),
            lambda provider, caller: spoken_wire(config.providers[provider], caller),
        ),
    )


def refit_rules(config: Config, *, judge_version: str) -> RefitRules:
    """What the configuration asks of learned models; nothing where another kind decides.

    Raises:
        ArtefactError: a configured model's file cannot be used.
    """
    asked = config.evaluation.refit
    local = config.classifier.kind == "local"
    names = [tier.name for tier in config.tiers]
    return RefitRules(
        mode=asked.mode if local else "off",
        alpha=retune_alpha(config),
        delta=asked.delta,
        min_pairs=asked.min_pairs,
        judge_version=judge_version,
        configured=configured_boundaries(names, dict(config.classifier.models)) if local else {},
    )


def retune_alpha(config: Config) -> dict[str, float]:
    """The misroute rate to certify, by tier.

    Under an objective it is an equal part of what may be lost: a model is tested for its tier
    alone, and what tiers lose adds up.
    """
    asked, objective = config.evaluation.retune.alpha, config.evaluation.objective
    if objective is not None:
        below_top = [tier.name for tier in config.tiers[:-1]]
        return dict.fromkeys(below_top, round((1 - objective.quality) / len(below_top), 10))
    return {
        tier: tolerance if asked == "tolerance" else float(asked)
        for tier, tolerance in config.evaluation.tolerance.items()
    }


def rollout_rules(config: Config) -> RolloutRules:
    """What the configuration asks of rollouts."""
    evaluation = config.evaluation
    return RolloutRules(
        share=evaluation.rollout.share,
        min_pairs=evaluation.rollout.min_pairs,
        tolerance=evaluation.tolerance,
        max_weight=weight_cap(sampling_plan(config)),
        quality=_quality(config),
    )


def approval_rules(config: Config) -> ApprovalRules:
    """How many persons have to agree to a proposal."""
    asked = config.evaluation.retune
    return ApprovalRules(asked.approvals, own=asked.own_proposals == "anybody")


def watched_of(config: Config) -> Watched | None:
    """The router that is only watched; None where its settings are not named."""
    if config.foreign is None:
        return None
    asked = config.watch.router
    return Watched(config.foreign, webhook=asked is not None and asked.webhook is not None)


def learn_rules(config: Config, *, judge_version: str) -> LearnRules:
    """What the configuration asks of learning from judged pairs."""
    return LearnRules(
        boundaries=[tier.name for tier in config.tiers[:-1]],
        judge_version=judge_version,
        base_rate=config.evaluation.sample_rate or 1.0,
    )
