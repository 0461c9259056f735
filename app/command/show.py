"""What `tierwatch demo` prints: progress, and the report as a person reads it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


def say(line: str) -> None:
    """Print one line."""
    click.echo(line)


@contextmanager
def progress_shown(total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a plain line every tenth otherwise."""
    if not sys.stdout.isatty():
        said = -1

        def line(answered: int, waiting: int) -> None:
            nonlocal said
            tenth = 10 * answered // max(1, total)
            if tenth > said:
                said = tenth
                say(f"replayed {answered} of {total} requests, {waiting} pairs in evaluation")

        yield line
        return
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[waiting]} pairs in evaluation"),
        TimeElapsedColumn(),
    )
    with Bar(*columns) as bar:
        task: TaskID = bar.add_task("replay", total=total, waiting=0)

        def move(answered: int, waiting: int) -> None:
            bar.update(task, completed=answered, waiting=waiting)

        yield move


def show_net_saving(report: Mapping[str, Any]) -> None:
    """What is left of the saving once everything is paid for, and its parts."""
    costs = report["costs"]
    parts = ", ".join(
        f"{name} {costs[key]:.2f}"
        for name, key in (
            ("classifier", "classifier_usd"),
            ("shadow answers", "shadow_usd"),
            ("judge", "judge_usd"),
            ("checks", "checks_usd"),
        )
    )
    most = "at most " if costs["unpriced"] else ""
    net = f"{most}{100 * report['saving_net_of_evaluation']:.0f} %"
    say(f"net of classifier and evaluation: {net} ({parts} USD)")
    if report["saving_net_of_evaluation"] < 0:
        say("  watching costs more than routing saves: sample less, or name a cheaper judge")
    if costs["unpriced"]:
        say(f"  no price is known for {', '.join(costs['unpriced'])}; see `prices`")


def show_report(report: dict[str, Any]) -> None:
    """The report as a person reads it."""
    say("")
    say(f"{'tier':<12}{'requests':>9}{'pairs':>8}  materially worse than the next tier")
    for name, tier in report["tiers"].items():
        say(f"{name:<12}{tier['requests']:>9}{tier['pairs']:>8}  {_rate(tier['misroute'])}")
    say("")
    if report["saving"] is not None:
        say(
            f"cost {report['cost_usd']:.2f} USD, always the top tier"
            f" {report['cost_top_tier_usd']:.2f} USD: saved {100 * report['saving']:.0f} %;"
            f" evaluation cost {report['evaluation_cost_usd']:.2f} USD"
        )
        show_net_saving(report)
    if (asked := report["objective"]) is not None:
        say(
            f"objective: {100 * asked['quality']:g} % of {asked['top']}'s quality;"
            f" kept {_rate(asked['kept'])}"
        )
    if report["recorded_quality"] is not None:
        say(f"graded quality of what was served: {report['recorded_quality']:.3f}")
    say(
        f"captured {report['captured']}: judged {report['judged']},"
        f" unscored {report['unscored']}, failed {report['failed']},"
        f" dropped {report['dropped']}, pending {report['pending']}"
    )
    for alert in report["alerts"]:
        say(f"ALERT {alert['state']} at request {alert['opened_at_request']}: {alert['summary']}")
        if alert["why"]:
            say(f"  {alert['why']}")
    for proposal in report["proposals"]:
        of_type = "" if proposal["task_type"] == "all" else f" for {proposal['task_type']}"
        certified = "certified" if proposal["certified"] else "not certified"
        say(
            f"proposal {proposal['id']} {proposal['state']}: {proposal['direction']}"
            f" {proposal['tier']}{of_type} from {proposal['from']} to {proposal['to']},"
            f" {certified}, {proposal['pairs']} pairs"
        )
        if proposal["objective"] is not None:
            say(f"  {proposal['objective']}")
    say(f"policy {report['policy_version']}: {report['thresholds']}")


def _rate(estimate: Mapping[str, Any]) -> str:
    if estimate["estimate"] is None:
        return "not enough data"
    return (
        f"{100 * estimate['estimate']:.1f} % ({100 * estimate['low']:.1f} to"
        f" {100 * estimate['high']:.1f}), {estimate['n']} pairs"
    )


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
