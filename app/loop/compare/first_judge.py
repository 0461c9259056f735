"""First judge: whether the cheap judge is asked before the strong one, kept between checks.

Both are asked the anchors, the strong one alone and the two together; what that shows is kept as a
monitor of kind ``first_judge``. Without it the strong judge is asked alone.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.config import JudgeConfig
from tierwatch.evaluation.calibration.first_judge import (
    ENOUGH_ANCHORS,
    MOST_LOST,
    FirstJudge,
    Weighed,
    weigh_first_judge,
)
from tierwatch.evaluation.rates.percent import percent
from tierwatch.judges.versions import alone_and_together
from tierwatch.store.judgements.evalset_answers import AnchorVerdict, newest_anchor_verdicts
from tierwatch.store.judgements.monitors import load_monitor, put_monitor, read_monitor

KIND = "first_judge"


@dataclass(frozen=True, slots=True)
class FirstJudgeStanding:
    """What the anchors say of a cheap judge and the strong one it would stand before.

    Attributes:
        together: version of the two as one judge.
        alone: version of the strong one.
        found: whether the cheap one stands first, and what is given up; n is 0 before the anchors.
        strong_share: anchors of which the strong one was asked, of all.
        usd: mean cost of a verdict of the two.
        alone_usd: mean cost of a verdict of the strong one alone.
    """

    together: str
    alone: str
    found: FirstJudge
    strong_share: float
    usd: float
    alone_usd: float

    @property
    def saved(self) -> float | None:
        """Share of the judge's cost that is saved; None where its price is not known."""
        return 1 - self.usd / self.alone_usd if self.alone_usd > 0 else None

    @property
    def sentence(self) -> str:
        """For people: which is asked, what it gives up and what it saves."""
        found = self.found
        if found.n == 0:
            return (
                f"{self.alone} is asked alone: the anchors have not been put to it with the cheaper"
                " judge before it yet."
            )
        if found.n < ENOUGH_ANCHORS:
            return (
                f"{self.alone} is asked alone: {found.n} anchors were put to it and to the cheaper"
                f" judge before it, and fewer than {ENOUGH_ANCHORS} show nothing."
            )
        asked = f"{self.together} is asked" if found.stands else f"{self.alone} is asked alone"
        saved = "" if self.saved is None else f" and {percent(self.saved)} of its cost saved"
        lost = max(found.lost, 0.0)
        return (
            f"{asked}: with the cheaper judge first {percent(found.together_right / found.n)} of"
            f" {found.n} anchors are right, without it {percent(found.strong_right / found.n)};"
            f" {percent(lost)} of them given up ({percent(max(found.most, 0.0))} at most, at 90 %;"
            f" {percent(MOST_LOST)} may be){saved}, the stronger judge asked of"
            f" {percent(self.strong_share)}."
        )


def weigh(
    connection: Connection, *, alone: str, together: str
) -> tuple[FirstJudgeStanding, bool] | None:
    """Weigh both by their newest runs over the anchors, and keep what follows.

    Returns:
        What is known now, and whether another judge is asked than before; None before both runs
        have ended.
    """
    strong = {one.anchor_id: one for one in newest_anchor_verdicts(connection, alone)}
    pairs = [
        (strong[one.anchor_id], one)
        for one in newest_anchor_verdicts(connection, together)
        if one.anchor_id in strong
    ]
    if not pairs:
        return None
    kept = load_monitor(connection, _stream(together))
    stood = kept is not None and not kept.alarmed
    standing = _standing(alone, together, pairs, stood=stood)
    put_monitor(
        connection,
        kind=KIND,
        stream=_stream(together),
        tier="",
        task_type="all",
        policy_version=0,
        judge_version=together,
        state={
            "alone": alone,
            "strong_right": standing.found.strong_right,
            "together_right": standing.found.together_right,
            "most": standing.found.most,
            "strong_share": standing.strong_share,
            "usd": standing.usd,
            "alone_usd": standing.alone_usd,
        },
        pairs=standing.found.n,
        losses=float(standing.found.strong_right - standing.found.together_right),
        newest_request_no=0,
        alarmed=not standing.found.stands,
        estimate=None,
    )
    return standing, kept is None or standing.found.stands != stood


def first_judge_standing(
    connection: Connection, *, alone: str, together: str
) -> FirstJudgeStanding:
    """What was kept; of no anchors before the first check."""
    kept = read_monitor(connection, _stream(together))
    if kept is None:
        none = weigh_first_judge((), stood=False)
        return FirstJudgeStanding(together, alone, none, 0.0, 0.0, 0.0)
    state = kept.state
    found = FirstJudge(
        stands=not kept.alarmed,
        n=kept.pairs,
        strong_right=int(state["strong_right"]),
        together_right=int(state["together_right"]),
        lost=kept.losses / kept.pairs,
        most=float(state["most"]),
    )
    return FirstJudgeStanding(
        together, alone, found, state["strong_share"], state["usd"], state["alone_usd"]
    )


def configured_first_judge(
    connection: Connection, judge: JudgeConfig | None
) -> FirstJudgeStanding | None:
    """What was kept of the cheap judge that a configuration names; None where it names none."""
    versions = None if judge is None else alone_and_together(judge)
    if versions is None:
        return None
    return first_judge_standing(connection, alone=versions[0], together=versions[1])


def stands_first(connection: Connection, together: str) -> bool:
    """Whether the cheap judge is asked first; not before the anchors have shown that it may."""
    kept = read_monitor(connection, _stream(together))
    return kept is not None and not kept.alarmed


def _standing(
    alone: str, together: str, pairs: list[tuple[AnchorVerdict, AnchorVerdict]], *, stood: bool
) -> FirstJudgeStanding:
    # What stays unscored is right of neither: it costs pairs as a wrong verdict does.
    found = weigh_first_judge(
        (Weighed(one.verdict == one.truth, two.verdict == two.truth) for one, two in pairs),
        stood=stood,
    )
    n = len(pairs)
    return FirstJudgeStanding(
        together,
        alone,
        found,
        strong_share=sum(two.judges > 1 for _, two in pairs) / n,
        usd=sum(two.cost_usd for _, two in pairs) / n,
        alone_usd=sum(one.cost_usd for one, _ in pairs) / n,
    )


def _stream(together: str) -> str:
    return f"first_judge|{together}"
