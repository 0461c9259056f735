"""Find the cause: say of a new misroute alert whether traffic, answers, judge or model changed.

The moment an alert opens, the judge is asked every anchor and every tier every probe, so that what
is compared with the past is the judge and the models of now; alerts that open together share what
was answered. Claim, call, record.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine

from tierwatch.evalsets import Anchor, Evalset, Probe
from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.findings import Attribution
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.judges import Judge
from tierwatch.judges.asking import Completes
from tierwatch.loop.decide.unreadable import say_unreadable
from tierwatch.loop.watch.checks.anchors import AnchorRun, judge_anchors
from tierwatch.loop.watch.checks.probes import ProbeRun, ask_probes
from tierwatch.routing.tiers import Tier
from tierwatch.store.alerts import (
    Alert,
    claim_attribution,
    hold_attribution,
    put_attribution,
)
from tierwatch.store.audit import add_audit
from tierwatch.store.judgements.cells import loss_cells
from tierwatch.store.learned.artefacts import artefact_at
from tierwatch.store.policies import load_policy

# Longer than a full set of anchors and probes takes; see `loop.watch.checks.anchors`.
_HOLD = dt.timedelta(minutes=15)
_AGAIN = dt.timedelta(seconds=10)


def attribute_alerts(
    *,
    engine: Engine,
    judge: Judge | None,
    client: Completes,
    tiers: Mapping[str, Tier],
    anchors: Evalset[Anchor],
    probes: Evalset[Probe],
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Attribute every misroute alert that is not attributed yet and that nobody works on.

    Args:
        engine: Postgres.
        judge: asked the anchors; None leaves them out, and then the judge is not cleared.
        client: calls providers.
        tiers: asked the probes; empty leaves them out.
        anchors: the set.
        probes: the set.
        stopping: whether this process was asked to end; what is half done is left to others.

    Returns:
        How many alerts were attributed.
    """
    done = 0
    left_alone: set[int] = set()
    while True:
        with engine.begin() as connection:
            alert = claim_attribution(connection, hold=_HOLD, without=left_alone)
            if alert is None:
                return done
            evidence = alert.evidence
            if not isinstance(evidence, MisrouteEvidence):
                hold_attribution(connection, alert.id, dt.timedelta(0))
                left_alone.add(alert.id)
                if isinstance(evidence, Unreadable):
                    say_unreadable(f"alert/{alert.id}", evidence.reason)
                continue
        asked = _asked(
            engine,
            alert,
            judge=judge,
            client=client,
            tiers=tiers,
            anchors=anchors,
            probes=probes,
            stopping=stopping,
        )
        if asked is None:
            # Another worker is half through a set, or a provider is away: try again soon.
            with engine.begin() as connection:
                hold_attribution(connection, alert.id, _AGAIN)
            return done
        with engine.begin() as connection:
            cells = loss_cells(
                connection,
                alert.tier,
                task_type=alert.task_type,
                judge_version=evidence.judge_version,
                first_outcome=evidence.first_outcome,
                artefact_id=_artefact_of(connection, alert.tier, evidence),
            )
            found = attribution_of(cells, alert.tier, *asked)
            put_attribution(connection, alert.id, AttributionDocument.of(found))
            add_audit(
                connection,
                actor="tierwatch",
                action="alert.attributed",
                subject=f"alert/{alert.id}",
                cause=found.cause,
                sentence=found.sentence,
            )
        done += 1


def _asked(
    engine: Engine,
    alert: Alert,
    *,
    judge: Judge | None,
    client: Completes,
    tiers: Mapping[str, Tier],
    anchors: Evalset[Anchor],
    probes: Evalset[Probe],
    stopping: Callable[[], bool],
) -> tuple[AnchorRun | None, list[ProbeRun]] | None:
    """What judge and tiers answered since the alert was opened; None while that is not whole."""
    why, since, anchor_run = f"alert {alert.id}", alert.opened_at, None
    if judge is not None:
        anchor_run = judge_anchors(
            engine=engine,
            judge=judge,
            anchors=anchors,
            why=why,
            fresh_after=since,
            stopping=stopping,
        )
        if anchor_run is None:
            return None
    probe_runs = ask_probes(
        engine=engine,
        client=client,
        tiers=tiers.values(),
        probes=probes,
        why=why,
        fresh_after=since,
        stopping=stopping,
    )
    return None if len(probe_runs) < len(tiers) else (anchor_run, probe_runs)


def _artefact_of(connection: Connection, tier: str, evidence: MisrouteEvidence) -> int:
    """The classifier that decided at the alert's tier: its stream is of one policy."""
    policy = load_policy(connection, evidence.policy_version)
    return 0 if policy is None else artefact_at(connection, policy.classifier, tier)


def attribution_of(
    cells: tuple[Mapping[str, Cell], Mapping[str, Cell]],
    tier: str,
    anchor_run: AnchorRun | None,
    probe_runs: list[ProbeRun],
) -> Attribution:
    """Attribute the change between two windows of pairs.

    Args:
        cells: before and after the estimated change.
        tier: whose answers became worse.
        anchor_run: the judge now, beside the judge at first.
        probe_runs: the tiers now, beside the tiers at first.
    """
    flips = {run.tier: probe_flips(run) for run in probe_runs if run.compared}
    return attribute(
        *cells,
        anchors=None if anchor_run is None or not anchor_run.compared else anchor_flips(anchor_run),
        probes=flips.pop(tier, None),
        other_probes=flips,
    )


def anchor_flips(run: AnchorRun) -> AnchorEvidence:
    """Paired flips, by whether the first answer of the anchor truly is the worse one."""
    by_truth: dict[bool, list[tuple[bool, bool]]] = {True: [], False: []}
    for name, truth in run.truth.items():
        then, now = run.before.get(name), run.after.get(name)
        if then is not None and now is not None:
            by_truth[truth == "b"].append((then == "b", now == "b"))
    worse, not_worse = (
        AnchorFlips(
            n=len(pairs),
            worse_before=sum(then for then, _ in pairs),
            to_worse=sum(now and not then for then, now in pairs),
            to_not_worse=sum(then and not now for then, now in pairs),
        )
        for pairs in (by_truth[True], by_truth[False])
    )
    return AnchorEvidence(worse, not_worse)


def probe_flips(run: ProbeRun) -> ProbeFlips:
    """Paired flips of a tier's probes, of those answered in both runs."""
    both = [
        (then, run.after[name])
        for name, then in run.before.items()
        if then is not None and run.after.get(name) is not None
    ]
    return ProbeFlips(
        n=len(both),
        pass_to_fail=sum(bool(then and not now) for then, now in both),
        fail_to_pass=sum(bool(now and not then) for then, now in both),
        passed_before=sum(bool(then) for then, _ in both),
    )
