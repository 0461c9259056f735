"""Replay a policy: what would other thresholds have done with the pairs of the past?"""

from collections.abc import Mapping

from sqlalchemy import Connection

from tierwatch.errors import UsageError
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.counterfactual.replay import replay_policy
from tierwatch.evaluation.evidence.codec import plain
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.judgements.logged_decisions import logged_outcomes
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.learned.artefacts import artefact_at
from tierwatch.store.policies import active_policies


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


def replay_document(replay: Replay) -> dict[str, object]:
    """A replay as JSON: plain numbers, an open end of an interval as None."""
    document: dict[str, object] = plain(replay)
    return document
