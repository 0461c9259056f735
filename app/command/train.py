"""`tierwatch train`: fit with a teacher, show before and after, propose or write the result."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import UsageError
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from rich.progress import TaskID

_PLAIN_EVERY = 10  # plain lines: one for each tenth
Said = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was given.

    Attributes:
        teacher: ``static``, ``words`` or ``none``.
        limit: pairs of a boundary at most, the newest.
        as_json: print JSON.
        file: recorded traffic to train from, instead of the store.
        out: folder for the artefacts of ``file``.
    """

    teacher: str
    limit: int
    as_json: bool = False
    file: Path | None = None
    out: Path | None = None


@click.command("train")
@click.option(
    "--teacher",
    type=click.Choice(["static", "words", "none"]),
    default="static",
    show_default=True,
    help="Who teaches first: words with sentence embeddings (extra train), words alone, nobody.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Pairs of each boundary, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.option("--from", "file", type=click.Path(path_type=Path), help="Recorded traffic.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for its models.")
@ends_in_a_sentence
def command(**asked: Any) -> None:
    """Fit the local classifier anew, with a teacher; propose it where it is shown to be better."""
    from tierwatch.command.database import settings_here

    sys.exit(run_train(settings_here(), Asked(**asked)))


def run_train(settings: Settings, asked: Asked) -> int:
    """Train each boundary; gives the exit code.

    Raises:
        UsageError: one of ``file`` and ``out`` without the other, another kind of classifier, or
            the extra is missing.
        TrafficError: no usable line in the file.
    """
    if (asked.file is None) != (asked.out is None):
        raise UsageError("--from FILE and --out DIR go together: artefacts of a file are files")
    from tierwatch.command.training.recorded_traffic import trained_from_file
    from tierwatch.command.training.stored_pairs import trained_from_store

    with _progress(quiet=asked.as_json) as said:
        if asked.file is not None and asked.out is not None:
            found = trained_from_file(
                asked.file, asked.out, teacher=asked.teacher, limit=asked.limit, said=said
            )
        else:
            found = trained_from_store(
                settings, teacher=asked.teacher, limit=asked.limit, said=said
            )
    if asked.as_json:
        say(json.dumps(found, indent=2))
    else:
        for line in found["boundaries"]:
            _show(line)
    return 0


def _show(line: Mapping[str, Any]) -> None:
    say(f"{line['boundary']}: {line['pairs']:,} pairs")
    if "log_loss" not in line:
        say(f"  not trained: {line['why']}")
        return
    say(f"  learned {line['learned']:,} of them; teacher: {line['teacher']}")
    held_out = line["held_out"]
    say(f"  on {held_out['pairs']:,} held-out pairs, before -> after")
    for name, key in (("log loss", "log_loss"), ("APGR", "apgr")):
        both = line[key]
        say(f"    {name:<9} {_number(both['incumbent'])} -> {_number(both['candidate'])}")
        say(f"      gain    {_gain(both['gain'])}")
    if line.get("unfamiliar") is not None:
        due = f"at most {line['unfamiliar_at_most']:.1%} is due"
        say(f"    {line['unfamiliar']:.1%} unlike anything judged; {due}")
    if line.get("proposal"):
        say(f"  proposal {line['proposal']} waits for a decision")
    elif line.get("why"):
        say(f"  not proposed: {line['why']}")
    if "file" in line:
        say(f"  written to {line['file']}")


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _gain(gain: Mapping[str, Any]) -> str:
    if gain["value"] is None:
        return f"unknown: {gain['method']}"
    return f"{gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f}), {gain['method']}"


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Said]:
    """A bar on a terminal, a line for each tenth elsewhere, nothing beside JSON."""
    if quiet:
        yield lambda *_: None
        return
    if not sys.stdout.isatty():
        yield _plain
        return
    from rich.progress import Progress

    with Progress() as bar:
        tasks: dict[str, TaskID] = {}

        def said(boundary: str, done: int, of: int) -> None:
            if boundary not in tasks:
                tasks[boundary] = bar.add_task(f"{boundary}: prompts imitated", total=of)
            bar.update(tasks[boundary], completed=done)

        yield said


def _plain(boundary: str, done: int, of: int) -> None:
    step = max(1, of // _PLAIN_EVERY)
    if done % step == 0 or done == of:
        say(f"{boundary}: {done:,} of {of:,} prompts imitated")
