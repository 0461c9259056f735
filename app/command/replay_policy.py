"""`tierwatch replay-policy`: what other thresholds would have done, by the pairs judged so far."""

import json
from collections.abc import Mapping
from typing import Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say


def _thresholds(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, float]:
    """Read TIER=X pairs."""
    found = {}
    for pair in given:
        tier, _, number = pair.partition("=")
        try:
            found[tier.strip()] = float(number)
        except ValueError as problem:
            raise click.BadParameter(
                f"found {pair!r}; accepted is TIER=X, such as simple=0.6"
            ) from problem
    return found


@click.command("replay-policy")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    required=True,
    metavar="TIER=X",
    callback=_thresholds,
    help="A threshold to try, such as simple=0.6; may be given for several tiers.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@ends_in_a_sentence
def command(*, thresholds: dict[str, float], as_json: bool) -> None:
    """Score thresholds on the pairs judged so far, beside the active ones. Changes nothing."""
    from tierwatch.command.database import opened_database, settings_here
    from tierwatch.loop.improve.replay_policy import replay_document, replay_thresholds

    url = settings_here().database_url
    with opened_database(url) as engine, engine.connect() as connection:
        found = replay_document(replay_thresholds(connection, thresholds))
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        show_replay(found)


def show_replay(replay: Mapping[str, Any]) -> None:
    """A policy's replay as a person reads it."""
    for boundary in replay["boundaries"]:
        moves = boundary["threshold"] != boundary["threshold_now"]
        change = f"{boundary['threshold_now']} to {boundary['threshold']}" if moves else "unchanged"
        say(f"{boundary['tier']}: threshold {change}")
        if boundary["refused"]:
            say(f"  cannot be said: {boundary['refused']}")
            continue
        say(f"  misroute rate now     {_span(boundary['misroute_now'])}")
        if moves:
            say(f"  misroute rate then    {_span(boundary['misroute'])}")
            if boundary["misroute_robust"]["value"] is not None:
                say(f"    doubly robust       {_span(boundary['misroute_robust'])}")
            say(f"  kept on this tier     {_span(boundary['kept'])}")
        say(
            f"  effective pairs       {boundary['effective']:.0f},"
            f" {boundary['effective_moved']:.0f} of them decided otherwise"
        )
    if not replay["refused"]:
        say(f"all traffic: change of the share served well  {_span(replay['quality_change'])}")
        say(f"             change of the cost               {_span(replay['cost_change'])}")


def _span(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return f"unknown ({estimate['method']})"
    ends = [
        "open" if end is None else f"{100 * end:.1f}" for end in (estimate["low"], estimate["high"])
    ]
    return f"{100 * estimate['value']:.1f} % ({ends[0]} to {ends[1]})"
