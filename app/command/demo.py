"""`tierwatch demo`: embedded servers, recorded traffic, and what is found in it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tierwatch.command.replaying.options import Replay, replay_options
from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings, read_settings


@click.command("demo")
@click.option(
    "--traffic",
    type=click.Path(path_type=Path),
    help="Recorded traffic; the 900 requests of evalsets/demo where none is given.",
)
@replay_options
@ends_in_a_sentence
def command(traffic: Path | None, **options: Any) -> None:
    """Start everything, replay traffic through it, and show what it finds."""
    from tierwatch.evalsets import FOLDER

    asked = Replay(traffic=traffic or FOLDER / "demo" / "items.jsonl", **options)
    sys.exit(run_demo(asked, settings=read_settings(), environ=os.environ))


def run_demo(options: Replay, *, settings: Settings, environ: Mapping[str, str]) -> int:
    """Start the embedded servers and everything else, replay, and show what was found.

    Every run starts from an empty database of its own under ``<data_dir>/demo``.

    Returns:
        Exit code.
    """
    from tierwatch.command.launch.processes import without_settings
    from tierwatch.command.launch.servers import empty_servers
    from tierwatch.command.replaying.pace import sped_up
    from tierwatch.command.replaying.run import replay_through
    from tierwatch.local import Stack

    folder = settings.data_dir.resolve() / "demo"
    say("starting PostgreSQL and Redis")
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        settings = replace(
            sped_up(settings),
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            broker_url="",
            data_dir=folder,
            secret_key=stack.secret("dashboard"),
        )
        empty_servers(settings)
        return replay_through(stack, options, settings)
