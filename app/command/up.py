"""`tierwatch up`: everything for live traffic, under one parent."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import UsageError
from tierwatch.settings import Settings, read_settings, variable


@click.command("up")
@ends_in_a_sentence
def command() -> None:
    """Start everything for live traffic: servers, gateway, workers, scheduler, dashboard."""
    sys.exit(run_up(settings=read_settings(), environ=os.environ))


def run_up(*, settings: Settings, environ: Mapping[str, str]) -> int:
    """Start everything for live traffic and keep it running until a signal.

    Servers whose URL the environment names are used as they are; the others are embedded.

    Returns:
        Exit code.

    Raises:
        UsageError: a tier has no provider, or there is no judge.
    """
    from tierwatch.command.launch.processes import stack_processes, without_settings
    from tierwatch.command.launch.servers import prepare_database, say_dashboard
    from tierwatch.command.serve.serving_config import serving_config
    from tierwatch.local import Stack, run_until_signal

    config = serving_config(settings.config)
    if config.evaluation.judge is None:
        raise UsageError(
            f"{settings.config}: evaluation.judge is missing; `tierwatch up` needs one"
        )
    folder = settings.data_dir.resolve()
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        if variable("database_url") not in environ:
            settings = replace(settings, database_url=stack.start_postgres())
        if not settings.broker_url and variable("redis_url") not in environ:
            settings = replace(settings, redis_url=stack.start_redis())
        settings = replace(
            settings,
            data_dir=folder,
            config=settings.config.resolve(),
            secret_key=settings.secret_key or stack.secret("dashboard"),
        )
        prepare_database(settings, config)
        for process in stack_processes(settings, intake=bool(config.intake.keys)):
            stack.start(process)
        say(f"gateway    http://{settings.gateway_host}:{settings.gateway_port}/v1")
        if config.intake.keys:
            say(f"intake     http://{settings.intake_host}:{settings.intake_port}")
        say_dashboard(settings)
        run_until_signal(stack)
    return 0
