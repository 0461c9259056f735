"""The figures of the report as Prometheus metrics.

An estimate without a value has no sample: absent is not 0.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tierwatch.loop.report.schema import Rate, Report
from tierwatch.store.judgements.bursts import SampledBurst
from tierwatch.store.pages.notifications import DestinationLine
from tierwatch.store.pages.overview import Waiting
from tierwatch.store.pages.vitals import Vitals
from tierwatch.store.traced.scores import ScoreLine


def families(report: Report, waiting: Waiting) -> list[Metric]:
    """Every metric.

    Args:
        report: the state.
        waiting: how much waits for a person.
    """
    return [*_by_tier(report), _sampled(report), *_spent(report), *_gauges(report, waiting)]


def loop_families(
    runs: Mapping[str, dt.datetime], destinations: Sequence[DestinationLine]
) -> list[Metric]:
    """Whether the loop runs and its alerts arrive: what to alert on from outside.

    Args:
        runs: when each scheduled step last ran to its end.
        destinations: how each destination of alerts does.
    """
    ran = GaugeMetricFamily(
        "tierwatch_evaluation_watch_last_run_timestamp_seconds",
        "When a scheduled step last ran to its end, in seconds since 1970.",
        labels=["step"],
    )
    for step, ran_at in runs.items():
        ran.add_metric([step], ran_at.timestamp())
    failing, waiting, failed = (
        GaugeMetricFamily(
            f"tierwatch_evaluation_notifications_{name}", meaning, labels=["destination"]
        )
        for name, meaning in (
            ("failing", "1 while a destination of alerts does not take what it is sent."),
            ("waiting", "Events of alerts that wait for a destination."),
            ("failed", "Events of alerts that a destination never took."),
        )
    )
    for line in destinations:
        failing.add_metric([line.name], line.failing_since is not None)
        waiting.add_metric([line.name], line.waiting)
        failed.add_metric([line.name], line.failed)
    return [ran, failing, waiting, failed]


def score_families(lines: Sequence[ScoreLine]) -> list[Metric]:
    """Whether scores reach the tools in whose traces they belong.

    Args:
        lines: how each destination of scores does.
    """
    failing, waiting, failed = (
        GaugeMetricFamily(f"tierwatch_evaluation_scores_{name}", meaning, labels=["destination"])
        for name, meaning in (
            ("failing", "1 while a destination of scores does not take what it is sent."),
            ("waiting", "Scores that wait for a destination."),
            ("failed", "Scores that a destination never took, of the last 30 days."),
        )
    )
    for line in lines:
        failing.add_metric([line.name], line.failing_since is not None)
        waiting.add_metric([line.name], line.waiting)
        failed.add_metric([line.name], line.failed)
    return [failing, waiting, failed]


def vital_families(vitals: Vitals) -> list[Metric]:
    """Whether verdicts come, alerts are open and tables take rows.

    Args:
        vitals: of this moment; what is not known has no sample.
    """
    alerts = GaugeMetricFamily(
        "tierwatch_evaluation_alerts",
        "Alerts that are open or acknowledged.",
        labels=["kind", "tier", "state"],
    )
    for labels, count in (vitals.alerts or {}).items():
        alerts.add_metric(labels, count)
    until = vitals.months_until
    moments = (
        ("last_verdict", "When the judge last gave a verdict.", vitals.last_verdict),
        (
            "oldest_pending",
            "When the oldest sampled exchange that still waits for its end was captured.",
            vitals.oldest_pending,
        ),
        (
            "months_until",
            "The first day whose rows a table of figures would refuse.",
            None if until is None else dt.datetime.combine(until, dt.time(), dt.UTC),
        ),
        (
            "certificate",
            "When a certificate of this installation was last kept.",
            vitals.certified_at,
        ),
    )
    found: list[Metric] = [alerts]
    for name, meaning, moment in moments:
        family = GaugeMetricFamily(
            f"tierwatch_evaluation_{name}_timestamp_seconds",
            f"{meaning} In seconds since 1970.",
        )
        if moment is not None:
            family.add_metric([], moment.timestamp())
        found.append(family)
    return found


def burst_families(bursts: Sequence[SampledBurst], now: dt.datetime) -> list[Metric]:
    """What is sampled more densely than planned.

    Args:
        bursts: the newest of each segment.
        now: the time.
    """
    labels = ["tier", "task_type"]
    density = GaugeMetricFamily(
        "tierwatch_evaluation_burst_density",
        "How many times as densely as planned a segment is sampled at present.",
        labels=labels,
    )
    starved = GaugeMetricFamily(
        "tierwatch_evaluation_burst_starved",
        "1 while the day's budget keeps a segment from being sampled as densely as is asked.",
        labels=labels,
    )
    begun = CounterMetricFamily(
        "tierwatch_evaluation_bursts",
        "Times a segment began to be sampled more densely.",
        labels=labels,
    )
    for burst in bursts:
        segment = [burst.tier, burst.task_type]
        begun.add_metric(segment, burst.times)
        if burst.is_active(now):
            density.add_metric(segment, burst.density)
            starved.add_metric(segment, burst.starved)
    return [density, starved, begun]


def _by_tier(report: Report) -> list[Metric]:
    requests = CounterMetricFamily(
        "tierwatch_evaluation_requests", "Requests served, by tier.", labels=["tier"]
    )
    unfamiliar = CounterMetricFamily(
        "tierwatch_evaluation_unfamiliar_requests",
        "Requests unlike anything that the learned classifier has judged, by tier.",
        labels=["tier"],
    )
    misroute, overspend, inconclusive = (
        GaugeMetricFamily(
            f"tierwatch_evaluation_{name}_rate",
            f"Judged {name} rate by tier; low and high are its 95 % interval.",
            labels=["tier", "bound"],
        )
        for name in ("misroute", "overspend", "inconclusive")
    )
    corrected = GaugeMetricFamily(
        "tierwatch_evaluation_misroute_corrected_rate",
        "Misroute rate corrected by people's labels; absent until its interval says something.",
        labels=["tier", "bound"],
    )
    thresholds = GaugeMetricFamily(
        "tierwatch_evaluation_threshold", "Active threshold, by tier.", labels=["tier"]
    )
    for tier, seen in report["tiers"].items():
        requests.add_metric([tier], seen["requests"])
        unfamiliar.add_metric([tier], seen["unfamiliar"])
        _add_rate(misroute, tier, seen["misroute"])
        if seen["misroute_corrected"] is not None:
            _add_rate(corrected, tier, seen["misroute_corrected"])
        _add_rate(overspend, tier, seen["overspend"])
        _add_rate(inconclusive, tier, seen["inconclusive"])
        if tier in report["thresholds"]:
            thresholds.add_metric([tier], report["thresholds"][tier])
    return [requests, unfamiliar, misroute, corrected, overspend, inconclusive, thresholds]


def _add_rate(family: GaugeMetricFamily, tier: str, rate: Rate) -> None:
    if rate["estimate"] is None:
        return
    ends = (("estimate", rate["estimate"]), ("low", rate["low"]), ("high", rate["high"]))
    for bound, number in ends:
        if number is not None:
            family.add_metric([tier, bound], number)


def _sampled(report: Report) -> Metric:
    sampled = GaugeMetricFamily(
        "tierwatch_evaluation_sampled_exchanges",
        "Sampled exchanges by stage; they sum to tierwatch_evaluation_captured_exchanges.",
        labels=["stage"],
    )
    sampled.add_metric(["judged"], report["judged"])
    sampled.add_metric(["unscored"], report["unscored"])
    sampled.add_metric(["failed"], report["failed"])
    sampled.add_metric(["pending"], report["pending"])
    sampled.add_metric(["dropped"], report["dropped"])
    return sampled


def _spent(report: Report) -> list[Metric]:
    cost = CounterMetricFamily(
        "tierwatch_evaluation_cost_usd", "USD spent, by purpose.", labels=["purpose"]
    )
    cost.add_metric(["serving"], report["cost_usd"])
    cost.add_metric(["evaluation"], report["evaluation_cost_usd"])
    spend = CounterMetricFamily(
        "tierwatch_evaluation_spend_usd",
        "USD spent by kind; the kinds are disjoint.",
        labels=["kind"],
    )
    costs = report["costs"]
    spend.add_metric(["serving"], costs["serving_usd"])
    spend.add_metric(["classifier"], costs["classifier_usd"])
    spend.add_metric(["shadow"], costs["shadow_usd"])
    spend.add_metric(["judge"], costs["judge_usd"])
    spend.add_metric(["checks"], costs["checks_usd"])
    return [cost, spend]


def _gauges(report: Report, waiting: Waiting) -> Iterator[Metric]:
    trust = report["trust"]
    for name, meaning, value in (
        (
            "judge_trusted",
            "1 while the judge may be believed by its anchors, 0 when nothing here can be.",
            None if trust is None else float(trust["trusted"]),
        ),
        (
            "judge_anchor_accuracy",
            "Share of the anchors on which the judge is right.",
            None if trust is None or not trust["anchors"] else trust["right"] / trust["anchors"],
        ),
        ("captured_exchanges", "Exchanges sampled so far.", report["captured"]),
        ("unresolved_alerts", "Alerts not resolved.", waiting.alerts),
        ("open_proposals", "Proposals waiting for a person.", waiting.proposals),
        ("policy_version", "Active policy.", report["policy_version"]),
        ("saving_ratio", "Share saved against the top tier.", report["saving"]),
        (
            "saving_net_of_evaluation_ratio",
            "Share saved once classifier and evaluation are paid for; may be negative.",
            report["saving_net_of_evaluation"],
        ),
    ):
        if value is not None:
            yield GaugeMetricFamily(f"tierwatch_evaluation_{name}", meaning, value=value)
