"""`tierwatch gateway`: serve callers, and keep the sample for the workers."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tierwatch.command.serve.lean_start import lean_imports
from tierwatch.command.serve.place import MOST_PROCESSES, Place, run_processes
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.command.serve.traces import asked_traces
from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.settings import Settings, read_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from tierwatch.config import Config
    from tierwatch.gateway.asgi import ASGIApp
    from tierwatch.loop.capture.feedback import Feedback
    from tierwatch.loop.capture.recorder import CaptureRecorder
    from tierwatch.loop.decide.file_policies import FilePolicies
    from tierwatch.routing.classify.local_tiers import LocalTierClassifier
    from tierwatch.routing.policy import Policy

# For the recorder's last flush: it waits for Postgres, and then has the spool to write.
_FLUSH_S = 10.0


@click.command("gateway")
@ends_in_a_sentence
@click.option(
    "--processes",
    type=click.IntRange(1, MOST_PROCESSES),
    help="Serve in so many processes on one port, renewed one by one at SIGHUP.",
)
@click.option("--place", hidden=True, help="Of one of several processes, as JSON.")
def command(processes: int | None, place: str | None) -> None:
    """Serve the OpenAI-compatible gateway."""
    settings = read_settings()
    if processes is not None:
        run_processes(settings, processes)
    else:
        run_gateway(settings, os.environ, place=None if place is None else Place.from_json(place))


def run_gateway(
    settings: Settings, environ: Mapping[str, str], *, place: Place | None = None
) -> None:
    """Serve the gateway until told to stop; then nothing that was served is lost.

    Args:
        settings: of this process.
        environ: where secrets are found.
        place: of this process among several.

    Raises:
        ConfigError: the configuration is not accepted, or a tier has no provider.
    """
    with lean_imports():
        from sqlalchemy.exc import SQLAlchemyError

        from tierwatch.fit.memory import Memory
        from tierwatch.gateway import build_cache, build_gateway
        from tierwatch.loop.capture.feedback import keep_feedback
        from tierwatch.loop.capture.redact import load_redactor
        from tierwatch.loop.decide.reload import current_types, stored_model
        from tierwatch.providers.upstream import Upstream
        from tierwatch.routing.classify.learned import configured_boundaries
        from tierwatch.routing.router import Router
        from tierwatch.runtime.log_lines import configure_logging
        from tierwatch.runtime.recorder import build_recorder
        from tierwatch.store.database import build_engine

    configure_logging(settings)
    config = serving_config(settings.config)
    engine = build_engine(settings.database_url)
    memory = Memory(config.tiers)
    recorder = build_recorder(settings, config, engine=engine, memory=memory)
    redact = load_redactor(settings.redactor or None)

    names = [tier.name for tier in config.tiers]
    configured = configured_boundaries(names, dict(config.classifier.models))

    policies = file_policies(config, engine)

    def models(version: int) -> "LocalTierClassifier":
        return stored_model(
            version,
            engine=engine,
            tiers=names,
            configured=configured,
            unfamiliar_share=config.classifier.unfamiliar_share,
        )

    def types(known: int) -> tuple[int, bytes | None] | None:
        return current_types(known, engine=engine)

    def feedback(given: "Feedback") -> None:
        keep_feedback(given, engine=engine, redact=redact)

    traces = asked_traces(environ, config, recorder)
    app = build_gateway(
        config=config,
        router=Router.described(config),
        **traces.parts(),
        capture=recorder.state,
        policies=policies,
        models=models,
        types=types,
        upstream=Upstream(config.providers, environ, config.gateway.client, traces.continued),
        clock=time.time,
        feedback=feedback,
        environ=environ,
        cache=build_cache(config, url=settings.shared_url, redact=redact),
        redis_url=settings.shared_url,
        metrics_token=settings.metrics_token,
        memory=memory,
    )
    try:
        with traces.running():
            _serve(app, recorder, settings, place)
    finally:
        with suppress(SQLAlchemyError):  # away: whoever is left says so again, or a person does
            policies.close()
        engine.dispose()


def file_policies(config: "Config", engine: "Engine") -> "FilePolicies":
    """Which policies this process's file lets it go by."""
    from tierwatch.loop.decide.file_policies import FilePolicies, fingerprint

    def differs(connection: "Connection", active: "Policy", own: "Policy") -> None:
        # Not before it is needed: what an alert rests on is far more than serving wants.
        from tierwatch.loop.watch.fleet import alert_of_difference

        alert_of_difference(connection, active, own)

    def agrees(connection: "Connection") -> None:
        from tierwatch.loop.watch.fleet import resolve_difference

        resolve_difference(connection)

    kind = config.classifier.kind
    tiers = {tier.name: tier.model for tier in config.tiers}
    return FilePolicies(
        engine=engine,
        first=config.initial_policy,
        learned=kind == "local",
        file=fingerprint(config.initial_policy, tiers, classifier=kind),
        differs=differs,
        agrees=agrees,
    )


def _serve(
    app: "ASGIApp", recorder: "CaptureRecorder", settings: Settings, place: Place | None
) -> None:
    """Serve until a signal, and flush what was served after the last reply."""
    from tierwatch.gateway.server import STOP_S, run_server
    from tierwatch.stop_signals import LastResort, StopSignals

    with (
        StopSignals() as signals,
        LastResort(
            signals,
            within_s=settings.stop_within_s + STOP_S + _FLUSH_S,
            hurried_s=STOP_S,
            rescue=recorder.stop,
        ),
    ):
        recorder.start()
        if place is not None:
            place.end_with_supervisor()
        try:
            run_server(
                app,
                settings.gateway_host,
                settings.gateway_port,
                signals=signals,
                listeners=None if place is None else place.listeners(),
                siblings=None if place is None else place.siblings(app),
                drain_s=settings.stop_within_s,
            )
        finally:
            recorder.stop(within_s=_FLUSH_S)
