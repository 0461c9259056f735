"""Anchors: put pairs of known verdict to the judge on schedule, and watch whether it changes.

The first run of a judge version over a set is what later ones are compared with, or the first one
after a person resolved its drift alert: that is how a changed judge is accepted. Two streams are
watched, for the judge may drift either way: anchors it used to clear and now calls worse, and the
other way round.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ProviderError
from tierwatch.evalsets import Anchor, Evalset
from tierwatch.evaluation.evidence.drift_evidence import JudgeDriftEvidence
from tierwatch.judges import Judge
from tierwatch.judges.verdict import Question, Verdict
from tierwatch.loop.compare.judge import asked_rows
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.checks.flip_monitor import FLIPS_TOLERATED, LEVEL, Flips, watch_flips
from tierwatch.loop.watch.checks.interleave import claim_slice, put_back
from tierwatch.store.alerts import NewAlert
from tierwatch.store.costs import add_lost_cost, is_spent
from tierwatch.store.judgements.evalset_answers import add_anchor_verdict, anchor_verdicts
from tierwatch.store.judgements.evalset_runs import (
    claim_run,
    end_run,
    first_run,
    give_back_run,
    last_run,
)

KIND = "anchors"
# Calls in flight: a full set of some 400 anchors, asked in both orders at 2 s a call, takes two
# minutes and leaves the judge's provider room for the pairs of live traffic.
THREADS = 12
# Share of a set that has to be answered for a run to count.
ENOUGH = 0.9
# A run that its worker left is taken over after this; longer than a full set takes.
HOLD_S = 900.0

Preferred = Literal["a", "b", "tie"]
_Direction = Literal["to_worse", "to_not_worse"]
_OF_VERDICT: Mapping[str | None, Preferred | None] = {
    "served": "a",
    "alternative": "b",
    "tie": "tie",
    # With ``orders_agree`` false: `store.judgements.evalset_answers` reads it as what it is.
    "inconclusive": "tie",
    None: None,
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AnchorRun:
    """A run that has ended, beside the first one of the same judge; by anchor.

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
    why: str,
    every_s: float | None = None,
    fresh_after: dt.datetime | None = None,
    budget_usd_per_day: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> AnchorRun | None:
    """Put every anchor to the judge, if a run is due, and watch for a change of its verdicts.

    A run in which too few were answered (the judge's provider is away) is not ended: it is taken
    up again later and asks what is missing. So the first run, which later ones are compared with,
    is a whole one.

    Args:
        engine: Postgres.
        judge: asked blind, as for any pair.
        anchors: the set.
        why: what asked for the run, for people.
        every_s: least seconds since the last run; None for no such limit.
        fresh_after: a run that began after this will do.
        budget_usd_per_day: no run is begun once it is spent.
        stopping: whether this process was asked to end. Then the run is given back, and whoever
            takes it up asks what is missing.

    Returns:
        The newest run beside the judge's first one, if it has ended and is as fresh as asked for;
        None while another worker has it, or too little was answered.
    """
    of = _of(judge.version, anchors)
    with engine.begin() as connection:
        run_id = None
        if not is_spent(connection, budget_usd_per_day):
            run_id = claim_run(
                connection, **of, why=why, every_s=every_s, fresh_after=fresh_after, hold_s=HOLD_S
            )
        done = {} if run_id is None else anchor_verdicts(connection, run_id)
    if run_id is not None:
        left = [anchor for anchor in anchors.items if anchor.id not in done]

        def put(anchor: Anchor) -> bool:
            return not stopping() and _put(engine, judge, run_id, anchor)

        with ThreadPoolExecutor(THREADS) as pool:
            answered = sum(pool.map(put, left))
        if stopping() and answered < len(left):
            with engine.begin() as connection:
                give_back_run(connection, run_id)
            return None
        if len(done) + answered < ENOUGH * len(anchors.items):
            _log.warning("too few anchors were judged", judge=judge.version, judged=answered)
            return None
    with engine.begin() as connection:
        if run_id is not None and end_run(connection, run_id):
            first = first_run(connection, **of, cause=judge_cause(judge.version))
            if first not in {None, run_id}:
                _watch(connection, judge.version, *_both(connection, first, run_id))
        newest = last_run(connection, **of, fresh_after=fresh_after)
        if newest is None:
            return None
        first = first_run(connection, **of, cause=judge_cause(judge.version))
        compared = first not in {None, newest}
        before, after = _both(connection, first if compared else newest, newest)
    truth = {anchor.id: anchor.verdict for anchor in anchors.items}
    return AnchorRun(newest, compared, truth, before, after)


def has_first_run(engine: Engine, judge: Judge, anchors: Evalset[Anchor]) -> bool:
    """Whether the judge has been asked the whole set, as it was accepted last."""
    of = _of(judge.version, anchors)
    with engine.connect() as connection:
        return first_run(connection, **of, cause=judge_cause(judge.version)) is not None


def interleave_anchors(
    *,
    engine: Engine,
    judge: Judge,
    anchors: Evalset[Anchor],
    every_s: float,
    budget_usd_per_day: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Put to the judge the anchors that are due by now, spread evenly over ``every_s``.

    Each verdict enters the monitors as it comes. A judge that was never asked the whole set, or was
    accepted as it is now since, is asked all of it at once: the rest is compared with that.

    Args:
        engine: Postgres.
        judge: asked blind, as for any pair.
        anchors: the set.
        every_s: seconds that the whole set takes.
        budget_usd_per_day: nothing is asked once it is spent.
        stopping: whether this process was asked to end; what is left is due at the next tick.

    Returns:
        How many verdicts there were.
    """
    of = _of(judge.version, anchors)
    with engine.begin() as connection:
        first = first_run(connection, **of, cause=judge_cause(judge.version))
        asked = None
        if first is not None and not is_spent(connection, budget_usd_per_day):
            asked = claim_slice(connection, of, anchors, every_s=every_s, answers=anchor_verdicts)
    if first is None:
        found = judge_anchors(
            engine=engine,
            judge=judge,
            anchors=anchors,
            why="schedule",
            budget_usd_per_day=budget_usd_per_day,
            stopping=stopping,
        )
        return 0 if found is None else len(found.after)
    if asked is None:
        return 0
    run_id = asked.run_id

    def put(anchor: Anchor) -> bool:
        return not stopping() and _put(engine, judge, run_id, anchor)

    with ThreadPoolExecutor(THREADS) as pool:
        answered = sum(pool.map(put, asked.items))
    with engine.begin() as connection:
        ids = {anchor.id for anchor in asked.items}
        now = anchor_verdicts(connection, run_id)
        after = {name: verdict for name, verdict in now.items() if name in ids}
        _watch(connection, judge.version, anchor_verdicts(connection, first), after)
        put_back(connection, asked, answered=answered, enough=ENOUGH)
    return answered


def _of(judge_version: str, anchors: Evalset[Anchor]) -> dict[str, str]:
    return {
        "kind": KIND,
        "subject": judge_version,
        "model": judge_version,
        "set_version": anchors.version,
    }


def _both(
    connection: Connection, first: int | None, newest: int
) -> tuple[Mapping[str, str | None], Mapping[str, str | None]]:
    before = {} if first is None else anchor_verdicts(connection, first)
    return before, anchor_verdicts(connection, newest)


def _put(engine: Engine, judge: Judge, run_id: int, anchor: Anchor) -> bool:
    """Have one anchor judged and keep the verdict; whether there was one."""
    question = Question(messages=[{"role": "user", "content": anchor.prompt}])
    try:
        verdict = judge.judge(question, _answer(anchor.a), _answer(anchor.b))
    except ProviderError as problem:
        # Left out for now: whoever takes the run up asks again.
        _log.warning("anchor not judged", anchor=anchor.id, why=str(problem))
        with engine.begin() as connection:
            add_lost_cost(connection, "checks", problem.spent_usd)
        return False
    with engine.begin() as connection:
        _record(connection, run_id, anchor, verdict)
    return True


def _answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _record(connection: Connection, run_id: int, anchor: Anchor, verdict: Verdict) -> None:
    # Of several judges the orders of the one that spoke come first.
    orders = verdict.orders[:2]
    said = {order.preferred for order in orders}
    add_anchor_verdict(
        connection,
        run_id=run_id,
        anchor_id=anchor.id,
        truth=anchor.verdict,
        verdict=_OF_VERDICT[verdict.preferred],
        orders_agree=None if len(orders) < 2 or None in said else len(said) == 1,  # noqa: PLR2004 - both orders
        longer=anchor.longer,
        cost_usd=verdict.cost_usd,
        asked=asked_rows(verdict),
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
    streams: dict[_Direction, list[bool]] = {
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
            open_alert(connection, _judge_alert(judge_version, direction, seen))


def _judge_alert(judge_version: str, direction: _Direction, seen: Flips) -> NewAlert:
    words = {"to_worse": "worse", "to_not_worse": "not worse"}[direction]
    return NewAlert(
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
        evidence=JudgeDriftEvidence(
            direction=direction,
            judge_version=judge_version,
            flips=seen.flipped,
            items=seen.n,
            statistic=seen.statistic,
            level=LEVEL,
            tolerance=FLIPS_TOLERATED,
        ),
    )


def judge_cause(judge_version: str) -> str:
    """The cause of a judge's drift alert, one for both directions."""
    return f"judge_drift:{judge_version}"
