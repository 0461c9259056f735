"""The ``tierwatch`` command: what a person types comes in, text and an exit code go out.

A file here is a command and holds its options and what it prints, but for `terminal`, `database`
and what ``doctor`` checks (`examine`); the processes of a deployment are in `serve`. A command
imports what it runs when it runs, so that none waits for another's libraries. Exit 0 success, 1 a
failure of the work, 2 wrong use. Nothing imports this package but the entry point, ``python -m
tierwatch``, tests and benchmarks.
"""

import click

from tierwatch.command import (
    check,
    demo,
    doctor,
    migrate,
    replay,
    replay_policy,
    simulate,
    tokens,
    train,
    types,
    up,
    users,
)
from tierwatch.command.alerts import notify
from tierwatch.command.serve import beat, dashboard, gateway, recorded, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tierwatch")
def main() -> None:
    """Watches an LLM router: finds misroutes and overspend, and proposes better thresholds."""


for _module in (
    *(beat, check, dashboard, demo, doctor, gateway, migrate, notify, recorded, replay),
    *(replay_policy, simulate, tokens, train, types, up, users, worker),
):
    main.add_command(_module.command)
