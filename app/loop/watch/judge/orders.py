"""Orders: does the judge contradict itself, when answers change places, too often to be of use?

What is inconclusive costs money and shows nothing: a judge that names a position in each order
judges nothing at all, and no rate says so, for its pairs are neither misroutes nor overspend.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.kept_state import resumed
from tierwatch.store.alerts import NewAlert
from tierwatch.store.judgements.monitors import load_monitor, put_monitor
from tierwatch.store.judgements.outcomes import Outcome

KIND: Final = "orders"
# On LLMBar's pairs GPT-4 contradicts itself in .08 to .10 of them, PaLM2 in .22 to .25, ChatGPT in
# .34 to .54 and Falcon in .55 to .84; one that draws from three words at random in two thirds.
INCONCLUSIVE_TOLERATED: Final = 0.4
# A false alarm in at most 1 % of judges, each over 100,000 conversations.
LEVEL: Final = 1e7
# What rests on two orders that were both read.
_BOTH: Final = frozenset({"pairwise", SWAP_DISAGREEMENT})


def watch_orders(connection: Connection, batch: Iterable[Outcome]) -> None:
    """Feed new outcomes to their judge's monitor, a conversation as one by its mean share.

    Guarantee: as `MisrouteMonitor`, with inconclusive verdicts for misroutes; sampling weights are
    left out, for what is watched is the judge on what it is shown.
    """
    by_judge: dict[str, dict[str, list[bool]]] = {}
    for row in batch:
        if row.basis in _BOTH:
            talks = by_judge.setdefault(row.judge_version, {})
            talks.setdefault(row.session, []).append(row.basis == SWAP_DISAGREEMENT)
    for judge_version, talks in by_judge.items():
        _watch_judge(connection, judge_version, list(talks.values()))


def _watch_judge(
    connection: Connection, judge_version: str, found: Sequence[Sequence[bool]]
) -> None:
    stream = f"orders|{judge_version}"
    kept = load_monitor(connection, stream)
    known = resumed(MisrouteMonitor, kept)
    monitor = known or MisrouteMonitor(INCONCLUSIVE_TOLERATED, LEVEL)
    before = kept if known is not None else None
    crossed = [monitor.update(sum(said) / len(said)) for said in found]
    alarmed = before is not None and before.alarmed
    pairs = sum(map(len, found)) + (0 if before is None else before.pairs)
    contradicted = sum(map(sum, found)) + (0.0 if before is None else before.losses)
    tripped = any(crossed) and not alarmed
    put_monitor(
        connection,
        kind=KIND,
        stream=stream,
        tier="",
        task_type="all",
        policy_version=0,
        judge_version=judge_version,
        state=monitor.state(),
        pairs=pairs,
        losses=contradicted,
        newest_request_no=0,
        alarmed=alarmed or tripped,
        estimate=None,
    )
    if tripped:
        open_alert(connection, _alert(judge_version, monitor, int(contradicted), pairs))


def _alert(
    judge_version: str, monitor: MisrouteMonitor, inconclusive: int, verdicts: int
) -> NewAlert:
    return NewAlert(
        cause=f"judge_orders:{judge_version}",
        tier="",
        segment="judge",
        summary=(
            f"Judge {judge_version} contradicts itself when the answers change places in"
            f" {inconclusive} of {verdicts} verdicts ({percent(inconclusive / verdicts)}); up to"
            f" {percent(INCONCLUSIVE_TOLERATED)} is tolerated. These are inconclusive and show"
            " neither a misroute nor overspend: a better judge sees more for the same money."
        ),
        pairs=verdicts,
        evidence=JudgeOrdersEvidence(
            judge_version=judge_version,
            inconclusive=inconclusive,
            verdicts=verdicts,
            statistic=monitor.statistic,
            level=monitor.level,
            tolerance=INCONCLUSIVE_TOLERATED,
        ),
    )
