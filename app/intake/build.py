"""The intake of a process, put together from its settings and its configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from tierwatch.config import Config
from tierwatch.dispatch import Dispatch
from tierwatch.errors import UsageError
from tierwatch.faults import FAULTS
from tierwatch.fit.memory import Memory
from tierwatch.gateway.accept.conversations import Conversations, deployment_secret
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.current_router import CurrentRouter, Types, no_models, no_types
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.intake.front.application import Intake
from tierwatch.intake.front.rate import Rates
from tierwatch.intake.front.source_keys import SourceKeys
from tierwatch.intake.front.state import IntakeState
from tierwatch.intake.keeping.admitting import Admitting
from tierwatch.intake.keeping.importing import Importing
from tierwatch.intake.keeping.journal import Journal
from tierwatch.intake.keeping.placing import Placing
from tierwatch.intake.keeping.putting_down import PuttingDown
from tierwatch.intake.keeping.receiving import Receiving
from tierwatch.intake.pulling.going import Going
from tierwatch.intake.pulling.rounds import Pull
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.admission.reading import Reading
from tierwatch.loop.capture.redact import load_redactor
from tierwatch.loop.capture.redaction.sealing import build_sealer
from tierwatch.loop.capture.steering import Steering
from tierwatch.providers.endpoint import spoken_wire
from tierwatch.routing.classify.classification import Classifier
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.router import Router
from tierwatch.runtime.recorder import dead_letters
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings

_MB: Final = 1024 * 1024
# Bodies in memory, times the largest: a slow disk is noticed before memory is.
_BODIES_WAITING: Final = 4
_STOP_S: Final = 6.0
# A vendor that is silent holds nobody up: what a pull was not handed is fetched again.
_PULL_STOP_S: Final = 1.0


class Steered:
    """The draw that is active and the number of the next request.

    Args:
        draw: to begin with.
        steering: asks Postgres what the sample should be.
    """

    def __init__(self, draw: Draw, steering: Steering) -> None:
        self.draw = draw
        self._steering = steering
        self._admitted = 0

    def follow(self, stored: int) -> None:
        """Sample by what Postgres says of budget and risk; the draw is swapped whole.

        Args:
            stored: how many calls this process has counted there.
        """
        plan = self._steering.plan(self.draw.plan, flushed=stored)
        self.draw = replace(self.draw, plan=plan)

    def number(self) -> int:
        """The number of the next request."""
        self._admitted += 1
        return (self._steering.base or 0) + self._admitted


def build_intake(
    settings: Settings,
    config: Config,
    *,
    engine: Engine,
    dispatch: Dispatch,
    environ: Mapping[str, str],
    policies: Callable[[], ActivePolicies | None],
    models: Callable[[int], Classifier] = no_models,
    types: Types = no_types,
) -> Intake:
    """Build the intake.

    Args:
        settings: of this process.
        config: the whole tierwatch.yaml.
        engine: Postgres.
        dispatch: sends workers new exchanges.
        environ: where the keys are found, of senders and for vendors.
        policies: asked each second, in a thread, for the policies to go by.
        models: asked for the learned model that a policy names.
        types: asked for the task types that should be active.

    Raises:
        SettingsError: the variable of a key is not set, or the redactor cannot be loaded.
        UsageError: there is neither a key nor a pull.
    """
    if not config.intake.takes:
        raise UsageError(
            f"{settings.config}: intake.keys and intake.pulls are empty, so nobody may send and"
            " nothing is fetched; add a key, as {source: litellm, key: env:LITELLM_INTAKE_KEY}, or"
            " a pull, as {source: chat, kind: openai, key: env:OPENAI_API_KEY}"
        )
    keys = SourceKeys(config.intake.keys, environ)
    current = _current(config, policies, models, types)
    behind = _behind(settings, config, engine, dispatch, current=current, environ=environ)
    behind = replace(
        behind,
        pulls=tuple(
            Going(Pull(one, environ, settings.data_dir), behind.receiving)
            for one in config.intake.pulls
        ),
    )
    return Intake(
        keys=keys,
        rates=Rates(config.intake.batches_per_s),
        receiving=behind.receiving,
        state=behind.state,
        scrapers=Keys({settings.metrics_token: ""}) if settings.metrics_token else None,
        most_body=config.intake.max_body_mb * _MB,
        begin=behind.begin,
        end=behind.end,
    )


def build_importing(
    source: str,
    settings: Settings,
    config: Config,
    *,
    engine: Engine,
    dispatch: Dispatch,
    environ: Mapping[str, str],
    policies: Callable[[], ActivePolicies | None],
    models: Callable[[int], Classifier] = no_models,
    types: Types = no_types,
) -> Importing:
    """Build what stores the calls of a file by the same door; arguments as of `build_intake`.

    Raises:
        SettingsError: the redactor cannot be loaded.
    """
    current = _current(config, policies, models, types)
    kept = _keeping(settings, config, engine, dispatch, current=current, environ=environ)
    return Importing(
        source,
        current=current,
        admitting=kept.admitting,
        journal=kept.journal,
        putting_down=kept.putting_down,
    )


def _current(
    config: Config,
    policies: Callable[[], ActivePolicies | None],
    models: Callable[[int], Classifier],
    types: Types,
) -> CurrentRouter:
    metrics = GatewayMetrics(CollectorRegistry())
    return CurrentRouter(Router.described(config), policies, metrics, models=models, types=types)


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the application: its threads and what they share.

    Attributes:
        current: the active router.
        receiving: reads, and writes to the journal.
        journal: what was acknowledged and is not in Postgres yet.
        putting_down: empties the journal into Postgres.
        pulls: fetch, and hand what they fetched to ``receiving``.
    """

    current: CurrentRouter
    receiving: Receiving
    journal: Journal
    putting_down: PuttingDown
    pulls: tuple[Going, ...] = ()

    def begin(self) -> None:
        """Start the threads."""
        self.current.__enter__()
        self.putting_down.start()
        self.receiving.start()
        for pull in self.pulls:
            pull.start()

    def end(self) -> None:
        """Write what was taken, store it where Postgres is there, and end."""
        for pull in self.pulls:
            pull.stop()
        for pull in self.pulls:
            pull.join(within_s=_PULL_STOP_S)
        self.receiving.stop(within_s=_STOP_S)
        self.putting_down.stop(within_s=_STOP_S)
        self.journal.close()
        self.current.__exit__()

    def state(self) -> IntakeState:
        """How the intake is."""
        return IntakeState(
            alive=self.receiving.alive and self.putting_down.alive,
            away=self.putting_down.away,
            waiting_bytes=self.receiving.waiting_bytes,
            journal_bytes=self.journal.waiting_bytes,
            stored=self.putting_down.stored,
            repeats=self.putting_down.repeats,
            faults=FAULTS.counts(),
        )


def _behind(
    settings: Settings,
    config: Config,
    engine: Engine,
    dispatch: Dispatch,
    *,
    current: CurrentRouter,
    environ: Mapping[str, str],
) -> Behind:
    kept = _keeping(settings, config, engine, dispatch, current=current, environ=environ)
    receiving = Receiving(
        kept.admitting,
        kept.journal,
        most_body=config.intake.max_body_mb * _MB,
        most_waiting=_BODIES_WAITING * config.intake.max_body_mb * _MB,
        written=kept.putting_down.wake,
    )
    return Behind(current, receiving, kept.journal, kept.putting_down)


class _Keeping(NamedTuple):
    """The one door: what makes rows of calls, where they wait, and what stores them."""

    admitting: Admitting
    journal: Journal
    putting_down: PuttingDown


def _keeping(
    settings: Settings,
    config: Config,
    engine: Engine,
    dispatch: Dispatch,
    *,
    current: CurrentRouter,
    environ: Mapping[str, str],
) -> _Keeping:
    journal = Journal(
        settings.spool_dir, port=settings.intake_port, max_bytes=settings.spool_max_mb * 1_000_000
    )
    steered = Steered(
        Draw(config.tiers, sampling_plan(config)),
        Steering(engine, budget_usd_per_day=config.evaluation.budget_usd_per_day),
    )
    putting_down = PuttingDown(
        engine=engine,
        dispatch=dispatch,
        journal=journal,
        letters=dead_letters(settings),
        after=steered.follow,
    )
    conversations = Conversations(deployment_secret(config, environ))
    admitting = Admitting(
        placing=Placing(config, lambda: current.router, conversations),
        draw=lambda: steered.draw,
        number=steered.number,
        redact=load_redactor(settings.redactor or None),
        read=Reading(
            config.tiers,
            Memory(config.tiers),
            lambda provider, caller: spoken_wire(config.providers[provider], caller),
        ),
        sealer=build_sealer(settings.media_key) if config.evaluation.media else None,
    )
    return _Keeping(admitting, journal, putting_down)
