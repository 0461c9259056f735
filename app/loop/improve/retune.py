"""Retune: search the outcomes for a better threshold, and propose it with its evidence."""

from collections.abc import Callable
from functools import partial
from itertools import product

from sqlalchemy import Connection, Engine

from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.end import expire_untested
from tierwatch.loop.decide.foreign.hand_over import Watched, is_free
from tierwatch.loop.decide.propose import Made
from tierwatch.loop.improve.retune_jointly import retune_jointly
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.improve.retune_tier import retune_tier
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.type_versions import active_names
from tierwatch.store.policies import lock_active
from tierwatch.store.proposals import expire_proposals


def retune(
    *,
    engine: Engine,
    rules: RetuneRules,
    judge_version: str,
    rollout_share: float,
    watched: Watched | None = None,
) -> int:
    """Test each tier's threshold once, if it has gathered enough new evidence.

    Then likewise that of each active task type, on outcomes of requests that were given the type
    when they were decided. Types are built of pairs whose losses they were chosen by; those pairs
    would flatter them, and they have no type yet. What has a threshold of its own no longer speaks
    for the tier's.

    Each test spends part of the tier's delta (`spent_delta`), whatever comes of it. The types of a
    tier share a delta of their own in twenty equal parts, one for each that is ever tested; further
    ones go by the tier's threshold.

    Under an objective all tiers are tested together instead, and types only as part of them: what
    is lost adds up, so no threshold can be judged by itself. There is at most one undecided
    proposal then, for each changes what the next would be tested against.

    A router that is only watched has no thresholds of task types, so none are looked for.

    Returns:
        How many proposals were made.
    """
    if rules.mode == "off":
        return 0
    tests = _tests(engine, rules, judge_version, by_type=watched is None)
    return sum(_run(test, engine, rules.mode, rollout_share, watched) for test in tests)


def _tests(
    engine: Engine, rules: RetuneRules, judge_version: str, *, by_type: bool
) -> list[Callable[[Connection], Made | None]]:
    """The tests to run, each in a transaction of its own."""
    if rules.objective is not None:
        return [
            partial(
                retune_jointly,
                objective=rules.objective,
                rules=rules,
                judge_version=judge_version,
            )
        ]
    with engine.begin() as connection:
        expire_untested(connection, None)
        types = active_names(connection) if by_type else ()
    return [
        partial(
            retune_tier, tier=tier, task_type=task_type, rules=rules, judge_version=judge_version
        )
        for tier, task_type in product(rules.alpha, (ALL_TASKS, *types))
    ]


def _run(
    test: Callable[[Connection], Made | None],
    engine: Engine,
    mode: str,
    rollout_share: float,
    watched: Watched | None,
) -> int:
    """Run one test in a transaction, and in mode ``auto`` approve what it certified."""
    with engine.begin() as connection:
        lock_active(connection)  # before proposals: approving takes both in this order
        for expired in expire_proposals(connection):
            add_audit(
                connection,
                actor="tierwatch",
                action="proposal.expired",
                subject=f"proposal/{expired}",
            )
        proposal = test(connection)
        # By itself nothing is ever approved on the word of a judge that is not trusted.
        automatic = mode == "auto" and not distrust(connection)
        if proposal is not None and automatic and proposal.certified and _may(connection, watched):
            approve_proposal(
                connection,
                proposal.id,
                actor="tierwatch (retune.mode: auto)",
                why="certified and within one step",
                share=rollout_share,
                watched=watched,
            )
    return int(proposal is not None)


def _may(connection: Connection, watched: Watched | None) -> bool:
    """Whether a change may be asked for by itself: a watched router takes one at a time."""
    return watched is None or is_free(connection)
