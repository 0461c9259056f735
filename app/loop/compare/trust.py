"""Trust: whether the judge whose verdicts are shown may be believed, kept between its runs.

While it may not, the evaluation as a whole is NOT TRUSTED: no rate can be believed, and what rests
on rates is held back (`decide.approve`, `decide.rollout`). Kept as a monitor of kind ``trust``.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.calibration.trust import LEAST_ACCURACY, Trust, weigh_trust
from tierwatch.evaluation.rates.percent import percent
from tierwatch.store.judgements.evalset_answers import newest_anchor_verdicts
from tierwatch.store.judgements.monitors import (
    Monitor,
    load_monitor,
    put_monitor,
    shown_judge_trust,
)

KIND = "trust"


@dataclass(frozen=True, slots=True)
class JudgeTrust:
    """A judge version and whether it is trusted."""

    judge_version: str
    trust: Trust

    @property
    def sentence(self) -> str:
        """For people, why nothing here may be believed; empty while it may."""
        if self.trust.trusted:
            return ""
        right, n = self.trust.right, self.trust.n
        return (
            f"NOT TRUSTED: the judge {self.judge_version} is right on {right} of {n} anchors"
            f" ({percent(right / n if n else 0.0)}), and less than {percent(LEAST_ACCURACY)} is as"
            " good as none. No rate can be believed, and every proposal is held back, until it is"
            " right again or another judge is asked."
        )


def weigh_judge(connection: Connection, judge_version: str) -> tuple[JudgeTrust, bool] | None:
    """Weigh a judge's trust by its newest run over the anchors, and keep it.

    Returns:
        Its trust, and whether that has changed; None before its first run has ended.
    """
    said = [one for one in newest_anchor_verdicts(connection, judge_version) if one.verdict]
    if not said:
        return None
    kept = load_monitor(connection, _stream(judge_version))
    was_trusted = kept is None or not kept.alarmed
    right = sum(one.verdict == one.truth for one in said)
    trust = weigh_trust(right, len(said), was_trusted=was_trusted)
    put_monitor(
        connection,
        kind=KIND,
        stream=_stream(judge_version),
        tier="",
        task_type="all",
        policy_version=0,
        judge_version=judge_version,
        state={"right": right, "n": len(said)},
        pairs=len(said),
        losses=float(len(said) - right),
        newest_request_no=0,
        alarmed=not trust.trusted,
        estimate=None,
    )
    return JudgeTrust(judge_version, trust), trust.trusted != was_trusted


def shown_trust(connection: Connection) -> JudgeTrust | None:
    """Trust in the judge whose verdicts are shown; before any, in the one that was weighed last.

    None before any run over the anchors has ended: then nothing is known of the judge.
    """
    kept = shown_judge_trust(connection)
    return None if kept is None else _read(kept)


def distrust(connection: Connection) -> str:
    """Why the evaluation is not to be believed now, in a sentence; empty while it may be."""
    return distrust_by(shown_judge_trust(connection))


def distrust_by(kept: Monitor | None) -> str:
    """The same, by what was kept of the trust in the judge whose verdicts are shown."""
    return "" if kept is None else _read(kept).sentence


def _stream(judge_version: str) -> str:
    return f"trust|{judge_version}"


def _read(kept: Monitor) -> JudgeTrust:
    n = max(kept.pairs, 0)
    right = min(max(round(n - kept.losses), 0), n)
    bounds = weigh_trust(right, n)
    return JudgeTrust(
        kept.judge_version, Trust(not kept.alarmed, right, n, bounds.low, bounds.high)
    )
