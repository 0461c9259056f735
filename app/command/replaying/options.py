"""What `demo` and `replay` are asked, and how a command line says it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import click

from tierwatch.errors import TrafficError, UsageError

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Replay:
    """Options of a replay.

    Attributes:
        traffic: the recording.
        config: the given configuration; None for the demo's.
        limit: replay the first lines only.
        sample_rate: instead of the configuration's.
        approve: accept each proposal as it appears.
        leave: end when all work is finished.
        report: where to write it.
        port: the gateway's; the dashboard has the next one.
        recorded: how the recorded provider behaves, as JSON (`RecordedOptions`).
    """

    traffic: Path
    config: Path | None = None
    limit: int | None = None
    sample_rate: float | None = None
    approve: bool = False
    leave: bool = False
    report: Path | None = None
    port: int | None = None
    recorded: str = "{}"

    def __post_init__(self) -> None:
        """Refuse a recording that is not there before anything is started."""
        if not self.traffic.is_file():
            raise TrafficError(
                f"{self.traffic}: no such file. Give recorded traffic with --traffic; without it"
                " the demo reads the set that ships with tierwatch"
            )


def _recorded_behaviour(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """Refuse what the recorded provider would not understand before anything is started."""
    if given == "{}":
        return given
    from dataclasses import fields

    from tierwatch.providers.recorded.answers import RecordedOptions

    try:
        RecordedOptions(**json.loads(given))
    except UsageError as problem:
        raise click.BadParameter(str(problem)) from problem
    except (TypeError, ValueError) as problem:
        known = ", ".join(field.name for field in fields(RecordedOptions))
        raise click.BadParameter(f"accepted is a JSON object of {known}") from problem
    return given


def replay_options(command: Callable[_P, None]) -> Callable[_P, None]:
    """The options that `demo` and `replay` share."""
    for option in reversed(
        (
            click.option(
                "--config",
                type=click.Path(path_type=Path),
                help="A tierwatch.yaml; the demo's own where none is given.",
            ),
            click.option("--limit", type=click.IntRange(min=1), help="Replay the first N lines."),
            click.option(
                "--sample-rate", type=click.FloatRange(0, 1), help="Share of exchanges evaluated."
            ),
            click.option("--approve", is_flag=True, help="Accept each proposal as it appears."),
            click.option("--exit", "leave", is_flag=True, help="End when all work is finished."),
            click.option("--report", type=click.Path(path_type=Path), help="Write the report."),
            click.option(
                "--port",
                type=click.IntRange(1, 65534),
                help="The gateway's port, and one below the dashboard's; 8420, or a free one.",
            ),
            click.option(
                "--recorded",
                default="{}",
                callback=_recorded_behaviour,
                help="How the recorded provider behaves, as JSON: latency, faults, judge's noise.",
            ),
        )
    ):
        command = option(command)
    return command
