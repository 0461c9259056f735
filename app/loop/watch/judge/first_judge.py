"""First judge: put the anchors to both judges, and say which is asked from then on."""

from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from tierwatch.evalsets import Anchor, Evalset
from tierwatch.judges import Judge
from tierwatch.loop.compare.first_judge import weigh
from tierwatch.loop.watch.checks.anchors import has_first_run, judge_anchors
from tierwatch.store.audit import add_audit

_log = structlog.get_logger(__name__)


def weigh_first_judge(
    *,
    engine: Engine,
    alone: Judge,
    together: Judge,
    anchors: Evalset[Anchor],
    budget_usd_per_day: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Ask each that was never asked the whole set, and weigh the two by their newest runs.

    Later runs of the one that is in use (`interleave_anchors`) are weighed as they end. A cheap
    judge that was sent away is not asked again on its own: `tierwatch judges --ask` does.

    Args:
        engine: Postgres.
        alone: the strong judge.
        together: the two as one.
        anchors: the set.
        budget_usd_per_day: nothing is asked once it is spent.
        stopping: whether this process was asked to end.
    """
    for judge in (alone, together):
        if not has_first_run(engine, judge, anchors) and not stopping():
            judge_anchors(
                engine=engine,
                judge=judge,
                anchors=anchors,
                why="first judge",
                budget_usd_per_day=budget_usd_per_day,
                stopping=stopping,
            )
    with engine.begin() as connection:
        weighed = weigh(connection, alone=alone.version, together=together.version)
        if weighed is None or not weighed[1]:
            return
        standing = weighed[0]
        add_audit(
            connection,
            actor="tierwatch",
            action="judge.first_asked" if standing.found.stands else "judge.first_refused",
            subject=f"judge/{together.version}",
            anchors=standing.found.n,
            strong_right=standing.found.strong_right,
            together_right=standing.found.together_right,
        )
    say = _log.info if standing.found.stands else _log.warning
    say("first judge weighed", asked_first=standing.found.stands, why=standing.sentence)
