"""`tierwatch gateway`: serve callers, and keep the sample for the workers."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tierwatch.command.serve.lean_start import lean_imports
from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.errors import UsageError
from tierwatch.settings import Settings, read_settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tierwatch.config import Config
    from tierwatch.loop.capture.feedback import Feedback
    from tierwatch.loop.capture.recorder import CaptureRecorder
    from tierwatch.routing.classify.local_tiers import LocalTierClassifier
    from tierwatch.routing.policy import ActivePolicies

# For the recorder's last flush: it waits for Postgres, and then has the spool to write.
_FLUSH_S = 10.0


@click.command("gateway")
@ends_in_a_sentence
def command() -> None:
    """Serve the OpenAI-compatible gateway."""
    run_gateway(read_settings(), os.environ)


def run_gateway(settings: Settings, environ: Mapping[str, str]) -> None:
    """Serve the gateway until told to stop; then nothing that was served is lost.

    Raises:
        ConfigError: the configuration is not accepted, or a tier has no provider.
    """
    with lean_imports():
        from tierwatch.gateway import build_cache, build_gateway
        from tierwatch.loop.capture.feedback import keep_feedback
        from tierwatch.loop.capture.redact import load_redactor
        from tierwatch.loop.decide.reload import current_policies, current_types, stored_model
        from tierwatch.providers.upstream import Upstream
        from tierwatch.routing.classify.learned import configured_boundaries
        from tierwatch.routing.router import Router
        from tierwatch.runtime.log_lines import configure_logging
        from tierwatch.runtime.recorder import build_recorder
        from tierwatch.store.database import build_engine

    configure_logging(settings)
    config = serving_config(settings.config)
    engine = build_engine(settings.database_url)
    recorder = build_recorder(settings, config, engine=engine)
    redact = load_redactor(settings.redactor or None)

    names = [tier.name for tier in config.tiers]
    configured = configured_boundaries(names, dict(config.classifier.models))

    def policies() -> "ActivePolicies":
        return current_policies(
            engine=engine,
            first=config.initial_policy,
            learned=config.classifier.kind == "local",
        )

    def models(version: int) -> "LocalTierClassifier":
        return stored_model(version, engine=engine, tiers=names, configured=configured)

    def types(known: int) -> tuple[int, bytes | None] | None:
        return current_types(known, engine=engine)

    def feedback(given: "Feedback") -> None:
        keep_feedback(given, engine=engine, redact=redact)

    app = build_gateway(
        config=config,
        router=Router.described(config),
        recorder=recorder,
        policies=policies,
        models=models,
        types=types,
        upstream=Upstream(config.providers, environ, config.gateway.client),
        clock=time.time,
        feedback=feedback,
        environ=environ,
        cache=build_cache(config, url=settings.shared_url, redact=redact),
        redis_url=settings.shared_url,
        metrics_token=settings.metrics_token,
    )
    try:
        _serve(app, recorder, settings)
    finally:
        engine.dispose()


def _serve(app: "ASGIApp", recorder: "CaptureRecorder", settings: Settings) -> None:
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
        try:
            run_server(
                app,
                settings.gateway_host,
                settings.gateway_port,
                signals=signals,
                drain_s=settings.stop_within_s,
            )
        finally:
            recorder.stop(within_s=_FLUSH_S)


def serving_config(path: Path) -> "Config":
    """Load a configuration that can serve traffic.

    Raises:
        ConfigError: it is not accepted.
        UsageError: a tier has no provider to call.
    """
    from tierwatch.config import load_config

    config = load_config(path)
    if config.missing_providers:
        raise UsageError(
            f"{path}: no provider for {', '.join(config.missing_providers)}; add one under"
            " `providers`, as openai: {kind: openai, api_key: env:OPENAI_API_KEY}"
        )
    return config
