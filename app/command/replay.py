"""`tierwatch replay`: recorded traffic against the servers that the settings name."""

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


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@replay_options
@ends_in_a_sentence
def command(file: Path, **options: Any) -> None:
    """Replay FILE against the Postgres and Redis that the settings name."""
    asked = Replay(traffic=file, **options)
    sys.exit(run_replay(asked, settings=read_settings(), environ=os.environ))


def run_replay(options: Replay, *, settings: Settings, environ: Mapping[str, str]) -> int:
    """What `demo` does, against servers that are there; nothing in them is removed.

    Returns:
        Exit code.
    """
    from tierwatch.command.launch.processes import without_settings
    from tierwatch.command.replaying.pace import sped_up
    from tierwatch.command.replaying.run import replay_through
    from tierwatch.local import Stack

    folder = settings.data_dir.resolve() / "replay"
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        settings = replace(
            sped_up(settings),
            data_dir=folder,
            secret_key=settings.secret_key or stack.secret("dashboard"),
        )
        return replay_through(stack, options, settings)
