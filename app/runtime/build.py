"""What the steps of the loop work with, in a worker."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from tierwatch.config import Config, JudgeConfig, load_config
from tierwatch.dispatch import CeleryDispatch, Dispatch
from tierwatch.errors import JudgeError
from tierwatch.fit.memory import Memory
from tierwatch.judges import Judge, build_judge
from tierwatch.judges.build import build_cheap_first
from tierwatch.judges.recorded_judge import Lookup
from tierwatch.judges.verdict import Preferred, Question
from tierwatch.loop.capture.redact import Redactor, load_redactor
from tierwatch.loop.capture.redaction.sealing import Sealer, build_sealer
from tierwatch.loop.compare.first_judge import stands_first
from tierwatch.loop.compare.scores import ScorePlace
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.loop.improve.learn import LearnRules
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.notify.deliver import NotifyRules
from tierwatch.loop.notify.heartbeat import Heartbeat
from tierwatch.loop.notify.send_change import ChangeHook
from tierwatch.loop.watch.bursts import BurstRules
from tierwatch.loop.watch.observe import MonitorRules
from tierwatch.loop.watch.silence import SilenceRules
from tierwatch.notify.answer import Destination
from tierwatch.notify.scores.trace_score import ScoreDestination
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recorded.recordings import Recordings
from tierwatch.providers.recorded.traffic_file import BadLine, read_traffic
from tierwatch.routing.served.tier_model import served_tiers
from tierwatch.routing.tiers import Tier
from tierwatch.runtime.notifier import (
    build_change_hook,
    build_destinations,
    build_heartbeat,
    notify_rules,
    silence_rules,
)
from tierwatch.runtime.rules import (
    burst_rules,
    learn_rules,
    monitor_rules,
    refit_rules,
    retune_rules,
    rollout_rules,
    watched_of,
)
from tierwatch.runtime.scores import build_score_destinations, score_places
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine
from tierwatch.store.policies import active_policies


@dataclass(frozen=True)
class Runtime:
    """What the steps of the loop work with, in one process.

    ``judge`` is the configured one alone; ``together`` is it with a cheaper one before it, None
    where none is configured. `judge_now` says which of the two is asked.
    """

    settings: Settings
    config: Config
    engine: Engine
    dispatch: Dispatch
    client: ChatClient
    judge: Judge
    together: Judge | None
    tiers: Mapping[str, Tier]
    monitor_rules: MonitorRules
    burst_rules: BurstRules
    retune_rules: RetuneRules
    rollout_rules: RolloutRules
    learn_rules: LearnRules
    refit_rules: RefitRules
    redact: Redactor
    sealer: Sealer | None
    destinations: tuple[Destination, ...]
    score_destinations: tuple[ScoreDestination, ...]
    score_places: tuple[ScorePlace, ...]
    notify_rules: NotifyRules
    silence_rules: SilenceRules
    heartbeat: Heartbeat | None
    watched: Watched | None
    change_hook: ChangeHook | None

    def served_tiers(self) -> dict[str, Tier]:
        """The tiers as the stable policy has them served now."""
        with self.engine.connect() as connection:
            active = active_policies(connection)
        models = {} if active is None else active.stable.models
        found = served_tiers(tuple(self.tiers.values()), models, self.config.providers)
        return {tier.name: tier for tier in found}

    @property
    def asks_a_model(self) -> bool:
        """Whether the judge can compare what it was never shown before, as anchors are."""
        judge = self.config.evaluation.judge
        return judge is not None and judge.kind != "recorded"

    @property
    def judge_now(self) -> Judge:
        """Whom pairs are put to: the two together once anchors have shown that they may be.

        Asked anew by each step, since that may change at any time.
        """
        if self.together is None:
            return self.judge
        with self.engine.connect() as connection:
            first = stands_first(connection, self.together.version)
        return self.together if first else self.judge


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
            " to evaluate with; name one, as {kind: pairwise, model: gpt-6.1-terra}"
        )
    client = ChatClient(config.providers, environ, memory=Memory(config.tiers))
    redact = load_redactor(settings.redactor or None)
    arms = [
        model
        for tier in config.tiers
        for model in (tier.model, *(one.model for one in tier.deployments))
    ]
    judge = build_judge(
        config.evaluation.judge,
        client=client,
        arms=arms,
        environ=environ,
        providers=config.providers,
        lookup=_recorded_lookup(config.evaluation.judge, redact),
    )
    return Runtime(
        settings=settings,
        config=config,
        engine=build_engine(settings.database_url),
        dispatch=CeleryDispatch(settings.broker),
        client=client,
        judge=judge,
        together=build_cheap_first(config.evaluation.judge, client=client, arms=arms),
        tiers={tier.name: tier for tier in config.tiers},
        monitor_rules=monitor_rules(settings, config),
        burst_rules=burst_rules(config),
        retune_rules=retune_rules(settings, config),
        rollout_rules=rollout_rules(config),
        learn_rules=learn_rules(config, judge_version=judge.version),
        refit_rules=refit_rules(config, judge_version=judge.version),
        redact=redact,
        sealer=build_sealer(settings.media_key),
        destinations=build_destinations(config, environ),
        score_destinations=build_score_destinations(config, environ),
        score_places=score_places(config),
        notify_rules=notify_rules(settings, config),
        silence_rules=silence_rules(config),
        heartbeat=build_heartbeat(config, environ),
        watched=watched_of(config),
        change_hook=build_change_hook(settings, config, environ),
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
