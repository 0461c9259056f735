"""Probes: ask every tier prompts with checkable answers on schedule, and watch what it can do.

Traffic changes; probes do not. So a tier that fails probes it used to pass was changed by its
provider, whatever the traffic does. The first run of a tier's model over a set is what later ones
are compared with, or the first one after a person resolved the tier's model alert.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ProviderError
from tierwatch.evalsets import Evalset, Probe
from tierwatch.evaluation.alarms.probe_checks import check_passes
from tierwatch.evaluation.evidence.drift_evidence import ModelDriftEvidence
from tierwatch.judges.asking import Asker, Completes, Tally
from tierwatch.loop.capture.redact import storable
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.checks.anchors import ENOUGH, HOLD_S, THREADS
from tierwatch.loop.watch.checks.flip_monitor import FLIPS_TOLERATED, LEVEL, Flips, watch_flips
from tierwatch.loop.watch.checks.interleave import Slice, claim_slice, put_back
from tierwatch.routing.tiers import Tier
from tierwatch.store.alerts import NewAlert
from tierwatch.store.costs import add_lost_cost, is_spent
from tierwatch.store.judgements.evalset_answers import add_probe_answer, probe_results
from tierwatch.store.judgements.evalset_runs import (
    claim_run,
    end_run,
    first_run,
    give_back_run,
    last_run,
)

KIND = "probes"
# Times each probe is asked in the first run of a model.
FIRST_TIMES = 2
# Probes ask for a number, a word, a sentence or a small JSON object.
_MOST_TOKENS = 1_000
# Enough of a reply for a person to see what went wrong.
_REPLY_KEPT = 2_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A tier's newest run that has ended, beside the first one of the same model; by probe.

    ``compared`` is False when the run is itself the first one.
    """

    tier: str
    run_id: int
    compared: bool
    before: Mapping[str, bool | None]
    after: Mapping[str, bool | None]


def ask_probes(
    *,
    engine: Engine,
    client: Completes,
    tiers: Iterable[Tier],
    probes: Evalset[Probe],
    why: str,
    every_s: float | None = None,
    fresh_after: dt.datetime | None = None,
    budget_usd_per_day: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[ProbeRun]:
    """Ask each tier every probe, if a run is due, and watch for probes it no longer passes.

    The models are asked at temperature 0. In the first run of a model each probe is asked twice and
    counts as passed when it was passed both times: what is watched later must not be what was
    passed by luck. A run in which too few were answered is not ended, as with anchors.

    Args:
        engine: Postgres.
        client: calls providers.
        tiers: to ask.
        probes: the set.
        why: what asked for the run, for people.
        every_s: least seconds since a tier's last run; None for no such limit.
        fresh_after: a run that began after this will do.
        budget_usd_per_day: no run is begun once it is spent.
        stopping: whether this process was asked to end; as with anchors.

    Returns:
        Of each tier the newest run, if it has ended and is as fresh as asked for.
    """
    found = (
        _ask_tier(
            engine,
            client,
            tier,
            probes,
            why=why,
            every_s=every_s,
            fresh_after=fresh_after,
            budget_usd_per_day=budget_usd_per_day,
            stopping=stopping,
        )
        for tier in tiers
        if not stopping()
    )
    return [run for run in found if run is not None]


def interleave_probes(
    *,
    engine: Engine,
    client: Completes,
    tiers: Iterable[Tier],
    probes: Evalset[Probe],
    every_s: float,
    budget_usd_per_day: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Ask each tier the probes that are due by now, spread evenly over ``every_s``; how many.

    As `interleave_anchors`: a model without a first run is asked the whole set at once.
    """
    answered = 0
    for tier in tiers:
        if stopping():
            break
        of = _of(tier, probes)
        with engine.begin() as connection:
            first = first_run(connection, **of, cause=model_cause(tier))
            asked = None
            if first is not None and not is_spent(connection, budget_usd_per_day):
                asked = claim_slice(connection, of, probes, every_s=every_s, answers=probe_results)
        if first is None:
            found = ask_probes(
                engine=engine,
                client=client,
                tiers=[tier],
                probes=probes,
                why="schedule",
                budget_usd_per_day=budget_usd_per_day,
                stopping=stopping,
            )
            answered += sum(len(run.after) for run in found)
        elif asked is not None:
            answered += _ask_slice(
                engine, _asker(client, tier), tier, asked, first=first, stopping=stopping
            )
    return answered


def has_first_probes(engine: Engine, tier: Tier, probes: Evalset[Probe]) -> bool:
    """Whether a tier's model has been asked the whole set, as it was accepted last."""
    with engine.connect() as connection:
        return first_run(connection, **_of(tier, probes), cause=model_cause(tier)) is not None


def _ask_slice(
    engine: Engine,
    asker: Asker,
    tier: Tier,
    asked: Slice[Probe],
    *,
    first: int,
    stopping: Callable[[], bool],
) -> int:
    """Ask what is due of a run, and watch it against the first run."""

    def put(probe: Probe) -> bool:
        return not stopping() and _put(engine, asker, asked.run_id, probe, 1)

    with ThreadPoolExecutor(THREADS) as pool:
        answered = sum(pool.map(put, asked.items))
    with engine.begin() as connection:
        ids = {probe.id for probe in asked.items}
        now = probe_results(connection, asked.run_id)
        after = {name: passed for name, passed in now.items() if name in ids}
        _watch(connection, tier, probe_results(connection, first), after)
        put_back(connection, asked, answered=answered, enough=ENOUGH)
    return answered


def _of(tier: Tier, probes: Evalset[Probe]) -> dict[str, str]:
    return {
        "kind": KIND,
        "subject": tier.name,
        "model": tier.variant,
        "set_version": probes.version,
    }


def _asker(client: Completes, tier: Tier) -> Asker:
    # One deployment, and always the same: probes compare a model with itself over time.
    place = tier.served_at()[0]
    return Asker(client, place.provider, place.model, place.price, effort=tier.effort)


def _ask_tier(
    engine: Engine,
    client: Completes,
    tier: Tier,
    probes: Evalset[Probe],
    *,
    why: str,
    every_s: float | None,
    fresh_after: dt.datetime | None,
    budget_usd_per_day: float | None,
    stopping: Callable[[], bool],
) -> ProbeRun | None:
    of = _of(tier, probes)
    with engine.begin() as connection:
        run_id = None
        if not is_spent(connection, budget_usd_per_day):
            run_id = claim_run(
                connection, **of, why=why, every_s=every_s, fresh_after=fresh_after, hold_s=HOLD_S
            )
        done = {} if run_id is None else probe_results(connection, run_id)
        first = first_run(connection, **of, cause=model_cause(tier))
    if run_id is not None:
        asker = _asker(client, tier)
        times = FIRST_TIMES if first is None else 1
        left = [probe for probe in probes.items if probe.id not in done]

        def put(probe: Probe) -> bool:
            return not stopping() and _put(engine, asker, run_id, probe, times)

        with ThreadPoolExecutor(THREADS) as pool:
            answered = sum(pool.map(put, left))
        if stopping() and answered < len(left):
            with engine.begin() as connection:
                give_back_run(connection, run_id)
            return None
        if len(done) + answered < ENOUGH * len(probes.items):
            _log.warning("too few probes were answered", tier=tier.name, answered=answered)
            return None
    with engine.begin() as connection:
        if run_id is not None and end_run(connection, run_id) and first is not None:
            before, after = probe_results(connection, first), probe_results(connection, run_id)
            _watch(connection, tier, before, after)
        newest = last_run(connection, **of, fresh_after=fresh_after)
        if newest is None:
            return None
        first = first_run(connection, **of, cause=model_cause(tier))
        compared = first not in {None, newest}
        after = probe_results(connection, newest)
        before = probe_results(connection, first) if compared and first is not None else after
    return ProbeRun(tier.name, newest, compared, before, after)


def _put(engine: Engine, asker: Asker, run_id: int, probe: Probe, times: int) -> bool:
    """Ask one probe and keep the first reply that fails, or the last; whether there was one."""
    tally, reply, passed = Tally(), "", True
    messages = [{"role": "user", "content": probe.prompt}]
    try:
        for _ in range(times):
            reply = asker.ask(messages, tally, max_tokens=_MOST_TOKENS)
            passed = check_passes(probe.check, reply)
            if not passed:
                break
    except ProviderError as problem:
        _log.warning("probe not answered", model=asker.model, probe=probe.id, why=str(problem))
        with engine.begin() as connection:
            add_lost_cost(connection, "checks", problem.spent_usd)
        return False
    with engine.begin() as connection:
        add_probe_answer(
            connection,
            run_id=run_id,
            probe_id=probe.id,
            passed=passed,
            reply=storable(reply[:_REPLY_KEPT]),
            cost_usd=tally.cost_usd,
        )
    return True


def _watch(
    connection: Connection,
    tier: Tier,
    before: Mapping[str, bool | None],
    after: Mapping[str, bool | None],
) -> None:
    """Feed the tier's monitor with probes it used to pass, and open an alert if it trips."""
    lost = [not after[name] for name in sorted(after) if before.get(name)]
    seen = watch_flips(
        connection, lost, kind="probe", stream=f"probe|{tier.name}|{tier.variant}", tier=tier.name
    )
    if seen.tripped:
        open_alert(connection, _model_alert(tier, seen))


def _model_alert(tier: Tier, seen: Flips) -> NewAlert:
    return NewAlert(
        cause=model_cause(tier),
        tier=tier.name,
        segment=f"{tier.name}/all",
        summary=(
            f"Tier {tier.name} ({tier.variant}) fails {seen.flipped} of {seen.n} probes that it"
            f" passed at first; up to {100 * FLIPS_TOLERATED:.0f} % is noise. The probes have"
            " not changed, so its provider has changed the model."
        ),
        pairs=seen.n,
        evidence=ModelDriftEvidence(
            model=tier.variant,
            flips=seen.flipped,
            items=seen.n,
            statistic=seen.statistic,
            level=LEVEL,
            tolerance=FLIPS_TOLERATED,
        ),
    )


def model_cause(tier: Tier) -> str:
    """The cause of a tier's model alert."""
    return f"model_drift:{tier.name}:{tier.variant}"
