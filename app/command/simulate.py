"""`tierwatch simulate`: run the certificate, show it row by row, keep it for the dashboard."""

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from tierwatch.evaluation.simulation.certificate_rows import Row

_HEAD = f"{'bar':<4} {'verdict':<13}{'measured':>10}  {'95 % error bar':<20}{'limit':>10}  what"


@click.command("simulate")
@click.option("--quick", is_flag=True, help="Fewer runs, under a minute, with wider error bars.")
@click.option("--adverse", is_flag=True, help="Ordinary traffic instead: what holds and what not.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@ends_in_a_sentence
def command(*, quick: bool, adverse: bool, as_json: bool) -> None:
    """Measure false alarms, delay, coverage and guarantees of the installed code."""
    from tierwatch.command.database import settings_here

    sys.exit(run_simulate(settings_here(), quick=quick, adverse=adverse, as_json=as_json))


def run_simulate(settings: Settings, *, quick: bool, adverse: bool, as_json: bool) -> int:
    """Run every recipe of METHODS.md, or the adverse ones, against the installed code.

    Returns:
        Exit code: 1 when a promised bar fails.
    """
    from importlib.metadata import version

    from tierwatch.evaluation.simulation import certificate
    from tierwatch.evaluation.simulation.adverse import topics

    started = time.monotonic()
    if not as_json:
        say(_HEAD)
    run = topics.adverse if adverse else certificate.certificate
    rows = run(quick=quick, said=None if as_json else _show)
    seconds = time.monotonic() - started
    found: dict[str, Any] = {
        "quick": quick,
        "version": version("tierwatch"),
        "seconds": round(seconds, 1),
        "rows": [asdict(row) | {"verdict": row.verdict} for row in rows],
    }
    # The judge page shows the bars; adverse rows alone would take their place.
    kept = adverse or _keep(settings, found)
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        _show_end(found, kept=kept)
    return 1 if any(row.verdict == "fails" for row in rows) else 0


def _show(row: "Row") -> None:
    sign = ">=" if row.at_least else "<="
    bar = f"{_figure(row.low)} to {_figure(row.high)}"
    say(
        f"{row.bar:<4} {row.verdict:<13}{_figure(row.value):>10}  {bar:<20}"
        f"{sign + ' ' + _figure(row.limit):>10}  {row.recipe}: {row.measure}"
        f" ({row.runs:,} runs)"
    )
    if row.others:
        say(f"{'':<63}others: {row.others}")


def _figure(value: float) -> str:
    """A share with three decimals, a count of pairs without.

    >>> _figure(0.01234), _figure(1373.6)
    ('.012', '1,374')
    """
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3f}".replace("0.", ".", 1)  # noqa: PLR2004 - shares stay below


def _show_end(found: dict[str, Any], *, kept: bool) -> None:
    verdicts = [row["verdict"] for row in found["rows"]]
    say("")
    say(
        f"{verdicts.count('holds')} of {len(verdicts)} bars hold,"
        f" {verdicts.count('undecided')} undecided, {verdicts.count('fails')} fail,"
        f" {verdicts.count('not promised')} are not promised;"
        f" {found['seconds']:.0f} s, tierwatch {found['version']}"
    )
    if found["quick"]:
        say("A quick run: fewer runs, wider error bars. Without --quick it is the full one.")
    if not kept:
        say("Not kept for the dashboard: no database with tierwatch's tables was reached.")


def _keep(settings: Settings, found: dict[str, Any]) -> bool:
    """Keep it where the dashboard finds it; the certificate itself needs no database."""
    from sqlalchemy.exc import SQLAlchemyError

    from tierwatch.store.certificates import add_certificate
    from tierwatch.store.database import build_engine

    engine = build_engine(settings.database_url, connect_timeout_s=1)
    try:
        with engine.begin() as connection:
            add_certificate(connection, **found)
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return True
