"""Replay a policy: what would other thresholds have done with the traffic of the past?"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from sqlalchemy import Connection

from tierwatch.errors import UsageError
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.counterfactual.replay import replay_policy
from tierwatch.evaluation.evidence.codec import plain
from tierwatch.evaluation.evidence.threshold_evidence import MeanCosts, MovedTraffic
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.moving import MovingPairs
from tierwatch.evaluation.thresholds.moving_pairs import moving_pairs
from tierwatch.fit.received import Receiving
from tierwatch.loop.capture.admission.outside import FITS_NOT
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.judgements.logged_decisions import logged_outcomes
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.learned.artefacts import artefact_at
from tierwatch.store.policies import active_policies
from tierwatch.store.traffic.daily_bill import daily_bill
from tierwatch.store.traffic.recent_requests import recent_requests, share_not_taken

# Of what was done to requests, as much is kept with a proposal.
_MOST_CHANGES = 12
# A tier that cannot take more of the requests it would get than this is not given them.
_MOST_NOT_TAKEN = 0.1


def replay_thresholds(
    connection: Connection,
    candidate: Mapping[str, float],
    *,
    judge_version: str | None = None,
    task_type: str = ALL_TASKS,
) -> Replay:
    """Score thresholds on the outcomes of the past, beside the active ones.

    Args:
        connection: any.
        candidate: threshold by tier; a tier that is not named stays as it is.
        judge_version: whose verdicts; by default the judge that spoke last.
        task_type: replay the requests of this type alone, by the thresholds that it has.

    Raises:
        UsageError: a tier that is not tuned, a threshold outside [0, 1], or nothing to replay.
    """
    active = active_policies(connection)
    judge = judge_version or newest_judge_version(connection)
    if active is None or judge is None:
        raise UsageError("there is nothing to replay yet: no active policy, or no pair judged")
    now = {tier: active.stable.threshold(tier, task_type) for tier in active.stable.thresholds}
    for tier, threshold in candidate.items():
        if tier not in now:
            raise UsageError(f"{tier}: no such threshold; accepted are {', '.join(now)}")
        if not 0 <= threshold <= 1:
            raise UsageError(f"{tier}: found {threshold}; accepted is a threshold from 0 to 1")
    model = active.stable.classifier
    evidence = {
        tier: logged_outcomes(
            connection,
            tier,
            judge_version=judge,
            artefact_id=artefact_at(connection, model, tier),
            task_type=None if task_type == ALL_TASKS else task_type,
        )
        for tier in now
    }
    return replay_policy(evidence, now, candidate)


def moved_traffic(
    connection: Connection,
    receiving: Receiving,
    *,
    tier: str,
    direction: Literal["lower", "raise"],
    task_type: str = ALL_TASKS,
) -> MovedTraffic | None:
    """What the tier that a threshold gives requests to would make of them.

    Args:
        connection: any.
        receiving: knows what tiers take.
        tier: whose threshold moves.
        direction: lowering keeps at the tier what the next one up serves now, raising sends it up.
        task_type: of requests of this type alone.

    Returns:
        None where the next tier up is not configured any more, or no request was stored.
    """
    above = receiving.above.get(tier)
    if above is None:
        return None
    served, to = (above, tier) if direction == "lower" else (tier, above)
    stored = recent_requests(
        connection,
        served=served,
        alternative=to,
        task_type=None if task_type == ALL_TASKS else task_type,
    )
    apart = share_not_taken(connection, served=served, reason=FITS_NOT)
    if not stored and apart is None:
        return None
    found = [receiving(to, one.wire, one.body) for one in stored]
    lacking = Counter(one.lacks for one in found if one.lacks)
    fitted = Counter(change for one in found for change in dict.fromkeys(one.fitted))
    taken = 1 - lacking.total() / len(found) if found else 1.0
    return MovedTraffic(
        to=to,
        requests=len(found),
        changed=sum(1 for one in found if one.fitted),
        fitted=dict(fitted.most_common(_MOST_CHANGES)),
        lacking=dict(lacking.most_common(_MOST_CHANGES)),
        not_taken=1 - taken * (1 - (apart or 0.0)),
    )


def not_taken_words(direction: str, moved: MovedTraffic | None) -> str:
    """Why a threshold is not lowered for what the tier's model does not take; empty where it may.

    Such requests go on to another tier (`fits_not`), so no caller is refused; but what is promised
    of cost and quality would be of other requests than those that are kept.
    """
    if direction != "lower" or moved is None or moved.not_taken <= _MOST_NOT_TAKEN:
        return ""
    lacks = "".join(f", {what} {count}" for what, count in moved.lacking.items())
    share = percent(moved.not_taken)
    return f"{moved.to} cannot take {share} of the requests it would be given{lacks}"


def moving(
    connection: Connection,
    tier: str,
    columns: tuple[Sequence[float], Sequence[float], Sequence[float]],
    *,
    thresholds: tuple[float, float],
    costs: MeanCosts,
    tolerated: float | None,
    task_type: str = ALL_TASKS,
) -> MovingPairs:
    """The pairs that would move, with what moving their like changes in a day.

    Money is the mean cost of an answer one tier up less that at the tier, for each request of a
    mean day that came to the boundary between the two thresholds. Traffic at a boundary is not
    counted by task type: of a type's own threshold it is not known.

    Args:
        connection: any.
        tier: whose threshold.
        columns: confidences, losses and weights of the boundary's pairs.
        thresholds: the present one and the proposed one.
        costs: of answers of the tier and the next.
        tolerated: misroute rate that the tier may have.
        task_type: whose threshold it is.
    """
    current, proposed = thresholds
    found = moving_pairs(*columns, current=current, proposed=proposed, tolerated=tolerated)
    if task_type != ALL_TASKS:
        return found
    bill = daily_bill(
        connection,
        tier,
        low=min(thresholds),
        high=max(thresholds),
        now=dt.datetime.now(dt.UTC),
    )
    if bill is None:
        return found
    step = costs.upper - costs.lower
    usd = bill.moving * (-step if found.lowers else step)
    return replace(
        found,
        requests_per_day=bill.moving,
        usd_per_day=usd,
        bill_share=usd / bill.usd if bill.usd > 0 else None,
    )


def replay_document(replay: Replay) -> dict[str, object]:
    """A replay as JSON: plain numbers, an open end of an interval as None."""
    document: dict[str, object] = plain(replay)
    return document
