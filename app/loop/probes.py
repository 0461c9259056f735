"""Probes: ask every tier prompts with checkable answers on schedule, and watch what it can do.

Traffic changes; probes do not. So a tier that fails probes it used to pass was changed by its
provider, whatever the traffic does. The first run of a tier's model over a set is what later ones
are compared with, or the first one after a person resolved the tier's model alert.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine

from app.errors import ProviderError
from app.evalsets import Evalset, Probe
from app.evaluation.probes import check_passes
from app.judges.transcript import answer_text
from app.loop.alert import open_alert
from app.loop.anchors import HOLD_S, THREADS
from app.loop.flips import FLIPS_TOLERATED, watch_flips
from app.loop.redact import storable
from app.loop.shadow import Completes
from app.routing.tiers import Tier
from app.store.evalset_runs import add_probe_answer, claim_run, end_run, first_run, probe_results
from app.store.evidence import is_spent

KIND = "probes"
# Enough of a reply for a person to see what went wrong.
_REPLY_KEPT = 2_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A tier's run that has just ended, beside the first one of the same model; by probe.

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
    every_s: float | None,
    why: str,
    budget_usd_per_day: float | None = None,
) -> list[ProbeRun]:
    """Ask each tier every probe, if a run is due, and watch for probes it no longer passes.

    Args:
        engine: Postgres.
        client: calls providers.
        tiers: to ask.
        probes: the set.
        every_s: least seconds since a tier's last run; None runs at once.
        why: what asked for the run, for people.
        budget_usd_per_day: a run of the schedule waits for tomorrow when it is spent.

    Returns:
        The runs that were made, each beside the model's first one.
    """
    with engine.connect() as connection:
        if every_s is not None and is_spent(connection, budget_usd_per_day):
            return []
    found = (_ask_tier(engine, client, tier, probes, every_s=every_s, why=why) for tier in tiers)
    return [run for run in found if run is not None]


def _ask_tier(
    engine: Engine,
    client: Completes,
    tier: Tier,
    probes: Evalset[Probe],
    *,
    every_s: float | None,
    why: str,
) -> ProbeRun | None:
    with engine.begin() as connection:
        run_id = claim_run(
            connection,
            kind=KIND,
            subject=tier.name,
            model=tier.model,
            set_version=probes.version,
            why=why,
            every_s=every_s,
            hold_s=HOLD_S,
        )
        done = {} if run_id is None else probe_results(connection, run_id)
    if run_id is None:
        return None
    left = [probe for probe in probes.items if probe.id not in done]

    def put(probe: Probe) -> None:
        request: dict[str, object] = {
            "model": tier.model,
            "messages": [{"role": "user", "content": probe.prompt}],
        }
        try:
            answer = client.complete(tier.provider, request)
        except ProviderError as problem:
            _log.warning("probe not answered", tier=tier.name, probe=probe.id, why=str(problem))
            return
        reply = answer_text(answer.message)
        with engine.begin() as connection:
            add_probe_answer(
                connection,
                run_id=run_id,
                probe_id=probe.id,
                passed=check_passes(probe.check, reply),
                reply=storable(reply[:_REPLY_KEPT]),
                cost_usd=tier.price.cost_usd(answer.prompt_tokens, answer.completion_tokens),
            )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, left))
    with engine.begin() as connection:
        ended = end_run(connection, run_id)
        first = first_run(
            connection,
            kind=KIND,
            subject=tier.name,
            model=tier.model,
            set_version=probes.version,
            cause=model_cause(tier),
        )
        before = probe_results(connection, run_id if first is None else first)
        after = probe_results(connection, run_id)
        if ended and first != run_id:
            _watch(connection, tier, before, after)
    return ProbeRun(tier.name, run_id, first not in {None, run_id}, before, after)


def _watch(
    connection: Connection,
    tier: Tier,
    before: Mapping[str, bool | None],
    after: Mapping[str, bool | None],
) -> None:
    """Feed the tier's monitor with probes it used to pass, and open an alert if it trips."""
    lost = [not after[name] for name in sorted(after) if before.get(name)]
    seen = watch_flips(
        connection, lost, kind="probe", stream=f"probe|{tier.name}|{tier.model}", tier=tier.name
    )
    if seen.tripped:
        open_alert(
            connection,
            kind="model_drift",
            cause=model_cause(tier),
            tier=tier.name,
            segment=f"{tier.name}/all",
            summary=(
                f"Tier {tier.name} ({tier.model}) fails {seen.flipped} of {seen.n} probes that it"
                f" passed at first; up to {100 * FLIPS_TOLERATED:.0f} % is noise. The probes have"
                " not changed, so its provider has changed the model."
            ),
            pairs=seen.n,
            evidence={"model": tier.model, **seen.evidence},
        )


def model_cause(tier: Tier) -> str:
    """The cause of a tier's model alert."""
    return f"model_drift:{tier.name}:{tier.model}"
