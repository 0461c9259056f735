"""Runtime: the one place that chooses the real collaborators of a process."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import structlog
from sqlalchemy import Engine

from tierwatch.config import Config, JudgeConfig, load_config
from tierwatch.dispatch import CeleryDispatch, Dispatch
from tierwatch.errors import JudgeError
from tierwatch.evaluation.sampling.plan import SamplingPlan, weight_cap
from tierwatch.judges import Judge, build_judge
from tierwatch.judges.recorded import Lookup
from tierwatch.judges.verdict import Preferred, Question
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.capture.redact import Redactor, load_redactor
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.loop.improve.learn import LearnRules
from tierwatch.loop.improve.objective import objective_of
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.watch.observe import MonitorRules
from tierwatch.notify.delivery import Destination, deliver
from tierwatch.notify.log import LogDestination
from tierwatch.notify.webhook import WebhookDestination
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recordings import Recordings
from tierwatch.providers.traffic_file import BadLine, read_traffic
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.tiers import CACHE_TIER, Tier
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

# Sampling rate from which pairs are chosen uniformly.
_TWO_PHASE_BELOW = 0.5


@dataclass(frozen=True)
class Runtime:
    """What the steps of the loop work with, in one process."""

    settings: Settings
    config: Config
    engine: Engine
    dispatch: Dispatch
    client: ChatClient
    judge: Judge
    tiers: Mapping[str, Tier]
    monitor_rules: MonitorRules
    retune_rules: RetuneRules
    rollout_rules: RolloutRules
    learn_rules: LearnRules
    refit_rules: RefitRules
    redact: Redactor
    tell: Callable[[dict[str, Any]], list[dict[str, Any]]]

    @property
    def asks_a_model(self) -> bool:
        """Whether the judge can compare what it was never shown before, as anchors are."""
        judge = self.config.evaluation.judge
        return judge is not None and judge.kind != "recorded"


def build_runtime(
    settings: Settings, *, config: Config | None = None, environ: Mapping[str, str] | None = None
) -> Runtime:
    """Build a worker's runtime.

    Raises:
        ConfigError: the configuration is not accepted.
        JudgeError: there is no judge, or it serves one of the arms it would compare.
        SettingsError: a secret's variable is not set.
    """
    environ = os.environ if environ is None else environ
    config = load_config(settings.config) if config is None else config
    if config.evaluation.judge is None:
        raise JudgeError(
            f"{settings.config}: evaluation.judge is missing, and without a judge there is nothing"
            " to evaluate with; name one, as {kind: pairwise, model: gpt-4o}"
        )
    client = ChatClient(config.providers, environ)
    redact = load_redactor(settings.redactor or None)
    judge = build_judge(
        config.evaluation.judge,
        client=client,
        arms=[
            model
            for tier in config.tiers
            for model in (tier.model, *(one.model for one in tier.deployments))
        ],
        environ=environ,
        price=config.evaluation.judge.price,
        providers=config.providers,
        embedding_model=config.evaluation.judge.embedding_model,
        lookup=_recorded_lookup(config.evaluation.judge, redact),
    )
    return Runtime(
        settings=settings,
        config=config,
        engine=build_engine(settings.database_url),
        dispatch=CeleryDispatch(settings.redis_url),
        client=client,
        judge=judge,
        tiers={tier.name: tier for tier in config.tiers},
        monitor_rules=monitor_rules(settings, config),
        retune_rules=retune_rules(settings, config),
        rollout_rules=RolloutRules(
            share=config.evaluation.rollout.share,
            min_pairs=config.evaluation.rollout.min_pairs,
            tolerance=config.evaluation.tolerance,
            max_weight=weight_cap(sampling_plan(config)),
            quality=_quality(config),
        ),
        learn_rules=LearnRules(
            boundaries=[tier.name for tier in config.tiers[:-1]],
            judge_version=judge.version,
            base_rate=config.evaluation.sample_rate or 1.0,
        ),
        refit_rules=refit_rules(config, judge_version=judge.version),
        redact=redact,
        tell=_teller(settings, config, environ),
    )


def _recorded_lookup(judge: JudgeConfig, redact: Redactor) -> Lookup | None:
    """What a judge of kind ``recorded`` looks verdicts up in; None for other kinds.

    Raises:
        JudgeError: a line of the file cannot be read.
        TrafficError: the file cannot be read.
    """
    if judge.verdicts is None:
        return None
    exchanges = []
    for line in read_traffic(judge.verdicts):
        if isinstance(line, BadLine):
            raise JudgeError(
                f"{judge.verdicts}:{line.number}: {line.why}; a file of verdicts has an exchange"
                " with answers on each line"
            )
        exchanges.append(line)
    records = Recordings(exchanges, redact)
    said: Mapping[str | None, Preferred] = {"A": "served", "B": "alternative", "tie": "tie"}

    def lookup(question: Question, served: str, alternative: str) -> Preferred | None:
        return said.get(records.verdict(question.messages, served, alternative))

    return lookup


def build_recorder(settings: Settings, config: Config, *, engine: Engine) -> CaptureRecorder:
    """Build the gateway's recorder.

    Raises:
        SettingsError: ``TIERWATCH_REDACTOR`` cannot be loaded.
    """
    return CaptureRecorder(
        engine=engine,
        dispatch=CeleryDispatch(settings.redis_url),
        tiers=config.tiers,
        plan=sampling_plan(config),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        redact=load_redactor(settings.redactor or None),
        spool_path=settings.data_dir / "spool" / f"capture-{settings.gateway_port}.jsonl",
        spool_max_bytes=settings.spool_max_mb * 1_000_000,
        buffer=config.gateway.capture_buffer,
    )


def sampling_plan(config: Config) -> SamplingPlan:
    """The configured sampling rates, whole; in two phases where less than half is sampled.

    Above that there is little left to choose from, and at 1 every exchange is wanted.
    """
    evaluation = config.evaluation
    return SamplingPlan(
        evaluation.sample_rate,
        evaluation.probe_down_rate,
        allocation={} if evaluation.sample_rate < _TWO_PHASE_BELOW else None,
    )


def monitor_rules(settings: Settings, config: Config) -> MonitorRules:
    """What the configuration asks of the monitors."""
    evaluation = config.evaluation
    return MonitorRules(
        tolerance={CACHE_TIER: config.cache_tolerance, **evaluation.tolerance},
        level=evaluation.alert_level,
        max_weight=weight_cap(sampling_plan(config)),
        min_pairs=evaluation.min_pairs,
        budget_usd_per_day=evaluation.budget_usd_per_day,
        conversation_idle_s=settings.conversation_idle_s,
        quality=_quality(config),
    )


def _quality(config: Config) -> float | None:
    objective = config.evaluation.objective
    return None if objective is None else objective.quality


def retune_rules(settings: Settings, config: Config) -> RetuneRules:
    """What the configuration asks of retuning."""
    asked = config.evaluation.retune
    return RetuneRules(
        mode=asked.mode,
        alpha=retune_alpha(config),
        delta=asked.delta,
        step=asked.step,
        min_pairs=asked.min_pairs,
        every_s=settings.retune_every_s,
        correct_judge=asked.judge_errors == "correct",
        objective=objective_of(config),
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


def _teller(
    settings: Settings, config: Config, environ: Mapping[str, str]
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    destinations: list[Destination] = [LogDestination()]
    for number, hook in enumerate(config.notify, start=1):
        destinations.append(
            WebhookDestination(
                url=hook.target(environ),
                secret=None if hook.secret is None else hook.secret.reveal(environ),
                name=f"webhook {number}",
            )
        )
    client = httpx.Client()
    site = settings.dashboard_url or (f"http://{settings.dashboard_host}:{settings.dashboard_port}")

    def tell(alert: dict[str, Any]) -> list[dict[str, Any]]:
        named = alert | {"permalink": f"{site}/alerts/{alert['id']}"}
        return [asdict(delivery) for delivery in deliver(named, destinations, client=client)]

    return tell


def configure_logging(settings: Settings) -> None:
    """Structured lines on standard error, in the asked shape and from the asked level up."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(),
    )
