"""`tierwatch types`: the active task types, rebuilt or switched off if asked to."""

import datetime as dt
import getpass
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import UsageError
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from tierwatch.evaluation.rates.estimate import Estimate
    from tierwatch.loop.improve.active_types import TypesTable
    from tierwatch.loop.improve.rebuild_types import Rebuilt

_NAME = 28
_NO_TYPES = "no active task types; `tierwatch types --rebuild` builds them of judged prompts"


@click.command("types")
@click.option("--rebuild", is_flag=True, help="Build them of the newest judged prompts first.")
@click.option("--off", is_flag=True, help="Make none active.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@ends_in_a_sentence
def command(*, rebuild: bool, off: bool, as_json: bool) -> None:
    """Show the active task types: size, misroute and overspend rates, own thresholds."""
    if rebuild and off:
        raise UsageError("found --rebuild and --off; accepted is one of them")
    from tierwatch.command.database import settings_here

    run_types(settings_here(), rebuild=rebuild, off=off, as_json=as_json)


def run_types(settings: Settings, *, rebuild: bool, off: bool, as_json: bool) -> None:
    """Rebuild or switch off if asked to, then print the active types."""
    from tierwatch.command.database import opened_database
    from tierwatch.evaluation.types.grouping import installed_leiden
    from tierwatch.loop.improve.active_types import types_table
    from tierwatch.loop.improve.rebuild_types import Rebuilt, rebuild_types, switch_off

    rebuilt = None
    asked = rebuild or off
    actor = f"{getpass.getuser()} (command line)" if asked else ""
    with opened_database(settings.database_url) as engine:
        if off:
            switch_off(engine=engine, actor=actor)
        if rebuild:
            rebuilt = rebuild_types(
                engine=engine,
                judge_version=None,
                leiden=installed_leiden(),
                now=dt.datetime.now(dt.UTC),
                actor=actor,
            ) or Rebuilt(0, changed=False, why="another process is building types at this moment")
        with engine.connect() as connection:
            table = types_table(connection)
    if as_json:
        say(json.dumps(types_document(table, rebuilt), indent=2))
    else:
        show_types(table, rebuilt)


def types_document(table: "TypesTable", rebuilt: "Rebuilt | None" = None) -> dict[str, Any]:
    """The types as JSON values; ``rebuilt`` is null unless types were just looked for."""
    return {
        "version": table.version,
        "created_at": None if table.created_at is None else table.created_at.isoformat(),
        "types": [
            {
                "name": line.name,
                "words": list(line.words),
                "requests": line.requests,
                "share": line.share,
                "misroute": _document(line.misroute),
                "overspend": _document(line.overspend),
                "thresholds": line.thresholds,
            }
            for line in table.types
        ],
        "mapping": table.mapping,
        "evidence": table.evidence,
        "rebuilt": None
        if rebuilt is None
        else {
            "changed": rebuilt.changed,
            "why": rebuilt.why,
            "evidence": None if rebuilt.evidence is None else asdict(rebuilt.evidence),
        },
    }


def show_types(table: "TypesTable", rebuilt: "Rebuilt | None" = None) -> None:
    """The types as a person reads them."""
    if rebuilt is not None:
        say(f"{'new active types' if rebuilt.changed else 'types stay as they are'}: {rebuilt.why}")
        if rebuilt.evidence is not None and rebuilt.evidence.note:
            say(rebuilt.evidence.note)
    if table.created_at is None:
        say(_NO_TYPES)
        return
    found = table.evidence
    say(
        f"task types {table.version} of {table.created_at:%Y-%m-%d %H:%M} UTC, {found['method']},"
        f" {found['prompts']} prompts: Cramer's V {found['v']:.2f} on {found['pairs'][1]} held-out"
        f" pairs, random groups {found['random']:.2f}"
    )
    say("")
    say(f"{'type':<{_NAME}}{'requests':>9}{'share':>7}  {'misroute':<28}{'overspend':<28}threshold")
    for line in table.types:
        own = ", ".join(f"{tier} {value}" for tier, value in sorted(line.thresholds.items()))
        own = own or "the tier's"
        say(
            f"{line.name:<{_NAME}}{line.requests:>9}{100 * line.share:>6.1f}%"
            f"  {_rate(line.misroute):<28}{_rate(line.overspend):<28}{own}"
        )
        say(f"  {', '.join(line.words)}")
    gone = sorted(old for old, now in table.mapping.items() if now is None)
    if gone:
        say(f"gone since the version before: {', '.join(gone)}")


def _rate(estimate: "Estimate") -> str:
    if estimate.value is None:
        return "not enough data"
    return (
        f"{100 * estimate.value:.1f}% ({100 * estimate.low:.1f}-{100 * estimate.high:.1f}),"
        f" n {estimate.n}"
    )


def _document(estimate: "Estimate") -> dict[str, Any]:
    columns = asdict(estimate)
    return {"estimate": columns.pop("value"), **columns}
