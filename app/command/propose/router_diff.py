"""`tierwatch router-diff`: what a proposal changes in the settings of a router that is watched."""

import json
import sys
from dataclasses import asdict
from getpass import getuser

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import ConflictError


@click.command("router-diff")
@click.argument("proposal", type=int)
@click.option("--undo", is_flag=True, help="Print the way back.")
@click.option("--applied", is_flag=True, help="Say that the router runs with it.")
@click.option("--undone", is_flag=True, help="Say that the router runs with what was before.")
@click.option("--json", "as_json", is_flag=True, help="Print all that is known of it as JSON.")
@ends_in_a_sentence
def command(proposal: int, *, undo: bool, applied: bool, undone: bool, as_json: bool) -> None:
    """Print what a proposal changes in the file of the router that is watched, as a diff.

    tierwatch router-diff 12 | patch -p1
    """
    sys.exit(run_router_diff(proposal, undo=undo, applied=applied, undone=undone, as_json=as_json))


def run_router_diff(
    proposal_id: int,
    *,
    undo: bool = False,
    applied: bool = False,
    undone: bool = False,
    as_json: bool = False,
) -> int:
    """Show or settle a change; gives the exit code.

    Raises:
        ConflictError: there is no such proposal, no diff of it, or nothing that waits.
    """
    from tierwatch.command.database import opened_database, settings_here
    from tierwatch.config import load_config
    from tierwatch.dashboard.reports.router_change import router_change
    from tierwatch.loop.decide.foreign.mirror import apply_change, undo_change
    from tierwatch.runtime.rules import watched_of
    from tierwatch.store.proposals import load_proposal

    settings = settings_here()
    watched = watched_of(load_config(settings.config))
    with opened_database(settings.database_url) as engine:
        if applied or undone:
            settle = apply_change if applied else undo_change
            with engine.begin() as connection:
                version = settle(connection, proposal_id, actor=getuser())
            what = "applied" if applied else "undone"
            say(f"proposal {proposal_id} is {what}; policy {version} stands for what runs now")
            return 0
        with engine.connect() as connection:
            proposal = load_proposal(connection, proposal_id)
            if proposal is None:
                raise ConflictError(f"there is no proposal {proposal_id}")
            shown = router_change(connection, proposal, watched)
    if as_json and shown is not None:
        say(json.dumps(asdict(shown), indent=2))
        return 0
    if shown is None or not shown.diff:
        raise ConflictError(
            f"proposal {proposal_id} changes no watched router: watch.router names none"
            if shown is None
            else shown.says
        )
    say((shown.undo if undo else shown.diff).rstrip("\n"))
    return 0
