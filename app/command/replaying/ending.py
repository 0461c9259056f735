"""What a replay leaves behind: the graded quality, the report as file and text, what went wrong."""

import json
from pathlib import Path

from sqlalchemy import Engine, text

from tierwatch.command.replaying.sender import Progress
from tierwatch.command.terminal import say
from tierwatch.loop.report.schema import CostParts, Rate, Report, TierReport


def add_recorded_quality(engine: Engine, progress: Progress, *, file: str) -> None:
    """Keep how good the served answers were by the recording's grades."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into replays (file, requests, scored, score_sum)"
                " values (:file, :requests, :scored, :score_sum)"
            ),
            {
                "file": file,
                "requests": progress.answered,
                "scored": progress.scored,
                "score_sum": progress.score_sum,
            },
        )


def newest_judge(engine: Engine) -> str:
    """The judge's version of the newest outcome; empty before the first."""
    with engine.connect() as connection:
        found = connection.execute(
            text("select judge_version from outcomes order by id desc limit 1")
        ).scalar_one_or_none()
    return found or ""


def write_report(report: Report, progress: Progress, to: Path) -> None:
    """Write a report, with the lines of the recording that were skipped."""
    skipped = [{"line": bad.number, "why": bad.why} for bad in progress.bad_lines]
    to.write_text(json.dumps({**report, "skipped_lines": skipped}, indent=2) + "\n")


def failures(report: Report, progress: Progress, *, file: str) -> list[str]:
    """One sentence for each thing that makes a replay exit with 1."""
    found = [f"line {bad.number} of {file} was skipped: {bad.why}" for bad in progress.bad_lines]
    if progress.refused:
        found.append(
            f"{progress.refused} requests were not answered, the first: {progress.first_refusal}"
        )
    if report["pending"]:
        found.append(f"{report['pending']} sampled exchanges are still pending")
    return found


def show_net_saving(net: float, costs: CostParts) -> None:
    """What is left of the saving once everything is paid for, and its parts."""
    most = "at most " if costs["unpriced"] else ""
    say(
        f"net of classifier and evaluation: {most}{100 * net:.0f} %"
        f" (classifier {costs['classifier_usd']:.2f}, shadow answers {costs['shadow_usd']:.2f},"
        f" judge {costs['judge_usd']:.2f}, checks {costs['checks_usd']:.2f} USD)"
    )
    if net < 0:
        say("  watching costs more than routing saves: sample less, or name a cheaper judge")
    if costs["unpriced"]:
        say(f"  no price is known for {', '.join(costs['unpriced'])}; see `prices`")


def say_distrust(report: Report) -> None:
    """That nothing which follows can be believed, where that is so."""
    trust = report["trust"]
    if trust is not None and trust["sentence"]:
        say(trust["sentence"])


def show_report(report: Report) -> None:
    """The report as a person reads it."""
    say("")
    say_distrust(report)
    say(f"{'tier':<12}{'requests':>9}{'pairs':>8}  materially worse than the next tier")
    for name, tier in report["tiers"].items():
        say(f"{name:<12}{tier['requests']:>9}{tier['pairs']:>8}  {_misroute(tier)}")
    say("")
    if report["saving"] is not None:
        say(
            f"cost {report['cost_usd']:.2f} USD, always the top tier"
            f" {report['cost_top_tier_usd']:.2f} USD: saved {100 * report['saving']:.0f} %;"
            f" evaluation cost {report['evaluation_cost_usd']:.2f} USD"
        )
    if report["saving_net_of_evaluation"] is not None:
        show_net_saving(report["saving_net_of_evaluation"], report["costs"])
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


def _misroute(tier: TierReport) -> str:
    """A tier's misroute rate; the top tier has none, and so nothing is tolerated of it."""
    return "top tier" if tier["tolerance"] is None else _rate(tier["misroute"])


def _rate(estimate: Rate) -> str:
    if estimate["estimate"] is None:
        return "not enough data"
    low = "open" if estimate["low"] is None else f"{100 * estimate['low']:.1f}"
    return (
        f"{100 * estimate['estimate']:.1f} % ({low} to"
        f" {100 * estimate['high']:.1f}), {estimate['n']} pairs"
    )
