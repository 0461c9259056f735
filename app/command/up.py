"""`tierwatch up`: everything for live traffic, under one parent."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import UsageError
from tierwatch.settings import Settings, read_settings, variable

if TYPE_CHECKING:
    from tierwatch.command.launch.first_checks import Consent
    from tierwatch.local import Stack


@click.command("up")
@click.option("--yes", is_flag=True, help="Ask anchors and probes at once, without a question.")
@click.option("--hold", is_flag=True, help="Ask no anchors and probes until the next start.")
@click.option("--config", type=click.Path(path_type=Path), help="Instead of TIERWATCH_CONFIG.")
@ends_in_a_sentence
def command(*, yes: bool, hold: bool, config: Path | None) -> None:
    """Start everything for live traffic: servers, gateway, workers, scheduler, dashboard.

    What was never asked the questions with known answers is asked them at the first start, which
    costs money: how much is said before, and on a terminal you are asked.
    """
    if yes and hold:
        raise UsageError("found --yes and --hold; accepted is one of them")
    settings = read_settings()
    if config is not None:
        settings = replace(settings, config=config)
    consent: Consent = "yes" if yes else "hold" if hold else "ask"
    sys.exit(run_up(settings=settings, environ=os.environ, consent=consent))


def run_up(*, settings: Settings, environ: Mapping[str, str], consent: "Consent" = "ask") -> int:
    """Start everything for live traffic and keep it running until a signal.

    Servers whose URL the environment names are used as they are; the others are embedded. Each step
    is said as it begins.

    Args:
        settings: of the stack.
        environ: of the processes; secrets of providers are in it.
        consent: what to do about anchors and probes that were never asked.

    Returns:
        Exit code.

    Raises:
        UsageError: a tier has no provider, or there is no judge.
    """
    from tierwatch.command.launch.first_checks import settled_checks
    from tierwatch.command.launch.processes import (
        published_environment,
        stack_processes,
        without_settings,
    )
    from tierwatch.command.launch.servers import prepare_database, say_dashboard
    from tierwatch.command.serve.serving_config import serving_config
    from tierwatch.local import Stack, run_until_signal

    config = serving_config(settings.config)
    if config.evaluation.judge is None:
        raise UsageError(
            f"{settings.config}: evaluation.judge is missing; `tierwatch up` needs one"
        )
    folder = settings.data_dir.resolve()
    began = time.monotonic()
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        settings = replace(
            _on_servers(stack, settings, environ),
            data_dir=folder,
            config=settings.config.resolve(),
            secret_key=settings.secret_key or stack.secret("dashboard"),
        )
        say("bringing the database up to date")
        prepare_database(settings, config)
        stack.publish(published_environment(settings))
        settings = settled_checks(settings, consent, environ=environ)
        for process in stack_processes(settings, intake=config.intake.takes):
            say(f"starting {process.name}")
            stack.start(process)
        say(f"ready after {time.monotonic() - began:.0f} s; logs are in {folder / 'logs'}")
        say(f"gateway    http://{settings.gateway_host}:{settings.gateway_port}/v1")
        if config.intake.takes:
            say(f"intake     http://{settings.intake_host}:{settings.intake_port}")
        say_dashboard(settings)
        say(
            "Ctrl-C stops everything. `tierwatch users`, `doctor` and the others work beside it in"
            " this folder"
        )
        run_until_signal(stack)
    say("stopped")
    return 0


def _on_servers(stack: "Stack", settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings with the addresses of the servers that were started here."""
    if variable("database_url") not in environ:
        say(f"starting PostgreSQL, its data in {stack.folder / 'postgres'}")
        settings = replace(settings, database_url=stack.start_postgres())
    if not settings.broker_url and variable("redis_url") not in environ:
        say("starting Redis")
        settings = replace(settings, redis_url=stack.start_redis())
    return settings
