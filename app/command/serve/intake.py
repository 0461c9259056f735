"""`tierwatch intake`: take the traffic of another router."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tierwatch.command.serve.lean_start import lean_imports
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.settings import Settings, read_settings

if TYPE_CHECKING:
    from tierwatch.routing.classify.local_tiers import LocalTierClassifier

# For what was taken to be written, and stored where Postgres is there.
_FLUSH_S = 15.0


@click.command("intake")
@ends_in_a_sentence
def command() -> None:
    """Take traffic that another router serves, as its programs report it."""
    run_intake(read_settings(), os.environ)


def run_intake(settings: Settings, environ: Mapping[str, str]) -> None:
    """Serve the intake until told to stop; nothing that was acknowledged is lost.

    Args:
        settings: of this process.
        environ: where secrets are found.

    Raises:
        ConfigError: the configuration is not accepted.
        UsageError: a tier has no provider, or nobody has a key.
    """
    with lean_imports():
        from sqlalchemy.exc import SQLAlchemyError

        from tierwatch.command.serve.gateway import file_policies
        from tierwatch.dispatch import CeleryDispatch
        from tierwatch.gateway.server import STOP_S, run_server
        from tierwatch.loop.decide.reload import current_types, stored_model
        from tierwatch.routing.classify.learned import configured_boundaries
        from tierwatch.runtime.log_lines import configure_logging
        from tierwatch.stop_signals import LastResort, StopSignals
        from tierwatch.store.database import build_engine

    # Not among the lean ones: it reads OpenTelemetry's messages.
    from tierwatch.intake.build import build_intake

    configure_logging(settings)
    config = serving_config(settings.config)
    engine = build_engine(settings.database_url)
    names = [tier.name for tier in config.tiers]
    configured = configured_boundaries(names, dict(config.classifier.models))
    policies = file_policies(config, engine)

    def models(version: int) -> "LocalTierClassifier":
        return stored_model(version, engine=engine, tiers=names, configured=configured)

    def types(known: int) -> tuple[int, bytes | None] | None:
        return current_types(known, engine=engine)

    app = build_intake(
        settings,
        config,
        engine=engine,
        dispatch=CeleryDispatch(settings.broker),
        environ=environ,
        policies=policies,
        models=models,
        types=types,
    )
    try:
        with (
            StopSignals() as signals,
            LastResort(
                signals,
                within_s=settings.stop_within_s + STOP_S + _FLUSH_S,
                hurried_s=STOP_S,
                rescue=lambda: None,  # what was acknowledged is on disk
            ),
        ):
            run_server(
                app,
                settings.intake_host,
                settings.intake_port,
                signals=signals,
                drain_s=settings.stop_within_s,
            )
    finally:
        with suppress(SQLAlchemyError):  # away: whoever is left says so again, or a person does
            policies.close()
        engine.dispose()
