"""Anchors: put pairs of known verdict to the judge on schedule, and watch whether it changes.

The first run of a judge version over a set is what later ones are compared with, or the first one
after a person resolved its drift alert: that is how a changed judge is accepted. Two streams are
watched, for the judge may drift either way: anchors it used to clear and now calls worse, and the
other way round.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import Connection, Engine

from app.errors import ProviderError
from app.evalsets import Anchor, Evalset
from app.judges import Judge
from app.judges.verdict import Question, Verdict
from app.loop.alert import open_alert
from app.loop.flips import FLIPS_TOLERATED, watch_flips
from app.store.evalset_runs import (
    add_anchor_verdict,
    anchor_verdicts,
    claim_run,
    end_run,
    first_run,
)
from app.store.evidence import is_spent

KIND = "anchors"
# Calls in flight: a full set of some 400 anchors, asked in both orders at 2 s a call, takes two
# minutes and leaves the judge's provider room for the pairs of live traffic.
THREADS = 12
# A run that its worker left is taken over after this; longer than a full set takes.
HOLD_S = 900.0

Preferred = Literal["a", "b", "tie"]
_OF_VERDICT: Mapping[str | None, Preferred | None] = {
    "served": "a",
    "alternative": "b",
    "tie": "tie",
    None: None,
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AnchorRun:
    """A run that has just ended, beside the first one of the same judge; by anchor.

    ``compared`` is False when the run is itself the first one.
    """

    run_id: int
    compared: bool
    truth: Mapping[str, str]
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


def judge_anchors(
    *,
    engine: Engine,
    judge: Judge,
    anchors: Evalset[Anchor],
    every_s: float | None,
    why: str,
    budget_usd_per_day: float | None = None,
) -> AnchorRun | None:
    """Put every anchor to the judge, if a run is due, and watch for a change of its verdicts.

    Args:
        engine: Postgres.
        judge: asked blind, as for any pair.
        anchors: the set.
        every_s: least seconds since the last run; None runs at once.
        why: what asked for the run, for people.
        budget_usd_per_day: a run of the schedule waits for tomorrow when it is spent.

    Returns:
        The run beside the judge's first one; None when none was due, or another worker has it.
    """
    with engine.begin() as connection:
        if every_s is not None and is_spent(connection, budget_usd_per_day):
            return None
        run_id = claim_run(
            connection,
            kind=KIND,
            subject=judge.version,
            model=judge.version,
            set_version=anchors.version,
            why=why,
            every_s=every_s,
            hold_s=HOLD_S,
        )
        done = {} if run_id is None else anchor_verdicts(connection, run_id)
    if run_id is None:
        return None
    left = [anchor for anchor in anchors.items if anchor.id not in done]

    def put(anchor: Anchor) -> None:
        verdict = _asked(judge, anchor)
        if verdict is not None:
            with engine.begin() as connection:
                _record(connection, run_id, anchor, verdict)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, left))
    with engine.begin() as connection:
        ended = end_run(connection, run_id)
        first = first_run(
            connection,
            kind=KIND,
            subject=judge.version,
            model=judge.version,
            set_version=anchors.version,
            cause=judge_cause(judge.version),
        )
        before = anchor_verdicts(connection, run_id if first is None else first)
        after = anchor_verdicts(connection, run_id)
        if ended and first != run_id:
            _watch(connection, judge.version, before, after)
    truth = {anchor.id: anchor.verdict for anchor in anchors.items}
    return AnchorRun(run_id, first not in {None, run_id}, truth, before, after)


def _asked(judge: Judge, anchor: Anchor) -> Verdict | None:
    question = Question(messages=[{"role": "user", "content": anchor.prompt}])
    try:
        return judge.judge(question, _answer(anchor.a), _answer(anchor.b))
    except ProviderError as problem:
        # Left out of this run: the next one asks again.
        _log.warning("anchor not judged", anchor=anchor.id, why=str(problem))
        return None


def _answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _record(connection: Connection, run_id: int, anchor: Anchor, verdict: Verdict) -> None:
    said = {order.preferred for order in verdict.orders}
    add_anchor_verdict(
        connection,
        run_id=run_id,
        anchor_id=anchor.id,
        truth=anchor.verdict,
        verdict=_OF_VERDICT[verdict.preferred],
        orders_agree=None if len(verdict.orders) < 2 or None in said else len(said) == 1,  # noqa: PLR2004 - both orders
        longer=anchor.longer,
        cost_usd=verdict.cost_usd,
    )


def _watch(
    connection: Connection,
    judge_version: str,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
) -> None:
    """Feed the two flip monitors, one update an anchor, and open an alert if one trips."""
    both = [
        (before[name], after[name])
        for name in sorted(after)
        if before.get(name) is not None and after[name] is not None
    ]
    streams = {
        "to_worse": [now == "b" for then, now in both if then != "b"],
        "to_not_worse": [now != "b" for then, now in both if then == "b"],
    }
    for direction, flips in streams.items():
        seen = watch_flips(
            connection,
            flips,
            kind="judge",
            stream=f"judge|{direction}|{judge_version}",
            judge_version=judge_version,
        )
        if seen.tripped:
            words = {"to_worse": "worse", "to_not_worse": "not worse"}[direction]
            open_alert(
                connection,
                kind="judge_drift",
                cause=judge_cause(judge_version),
                tier="",
                segment="judge",
                summary=(
                    f"Judge {judge_version} now calls {seen.flipped} of {seen.n} anchors {words}"
                    f" that it judged otherwise at first; up to {100 * FLIPS_TOLERATED:.0f} % is"
                    " noise. Misroute rates before and after cannot be compared until it is"
                    " replaced or calibrated again."
                ),
                pairs=seen.n,
                evidence={"direction": direction, "judge_version": judge_version, **seen.evidence},
            )


def judge_cause(judge_version: str) -> str:
    """The cause of a judge's drift alert, one for both directions."""
    return f"judge_drift:{judge_version}"
