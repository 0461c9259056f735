"""The report as a person reads it at the end of a replay."""

from collections.abc import Mapping
from typing import Any

from tierwatch.command.terminal import say


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
