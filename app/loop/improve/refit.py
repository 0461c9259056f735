"""Refit: compare what was learned with the model that decides now, and propose it if it is better.

A candidate is a copy of the working classifier as it stood at some outcome. It waits until enough
pairs came after that outcome: these neither the candidate nor the model that decides has learned
from, while the working classifier goes on learning them. So no pair is lost to testing, and each
comparison is of traffic that was still to come when the candidate was made.
"""

from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ArtefactError
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.propose import Made
from tierwatch.loop.improve.conclude import Contest, conclude, models_above
from tierwatch.loop.improve.offsets import with_type_offsets
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.learned.artefacts import add_artefact, artefact_at, load_artefact
from tierwatch.store.learned.judged_pairs import (
    JudgedPair,
    count_judged,
    judged_pairs,
    sessions_until,
)
from tierwatch.store.learned.learners import Learner, load_learner, set_candidate
from tierwatch.store.learned.refits import refits_against
from tierwatch.store.locks import try_lock
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import is_undecided

_LOCK: Final = 7_431_207
# The newest of the held-out pairs: two models read 20,000 prompts in three seconds.
_MOST_PAIRS: Final = 20_000
# A candidate that waits for more than this many times the first window is as old as its pairs.
_LONGEST_WAIT: Final = 10
_AUTHOR: Final = "tierwatch"

_log = structlog.get_logger(__name__)


def refit(*, engine: Engine, rules: RefitRules, rollout_share: float) -> int:
    """Take each boundary one step further: make a candidate, or compare the one that waits.

    Returns:
        How many proposals were made.
    """
    if rules.mode == "off":
        return 0
    made = 0
    for boundary in rules.configured:
        with engine.begin() as connection:
            if not try_lock(connection, _LOCK):
                return made
            proposal = _refit_boundary(connection, boundary, rules)
            if proposal is None:
                continue
            made += 1
            # By itself nothing is ever approved on the word of a judge that is not trusted.
            if rules.mode == "auto" and proposal.certified and not distrust(connection):
                approve_proposal(
                    connection,
                    proposal.id,
                    actor="tierwatch (refit.mode: auto)",
                    why="better on held-out pairs, and its threshold is certified",
                    share=rollout_share,
                )
    return made


def _refit_boundary(connection: Connection, boundary: str, rules: RefitRules) -> Made | None:
    lock_active(connection)
    active = active_policies(connection)
    learner = load_learner(connection, boundary)
    if active is None or learner is None or boundary not in active.stable.thresholds:
        return None
    candidate = None
    if learner.candidate_id is not None:
        candidate = load_artefact(connection, learner.candidate_id)
    if candidate is None:
        _make_candidate(connection, learner, rules.judge_version)
        return None
    # Pairs gather while somebody has a proposal to decide; only the next one waits for that.
    if is_undecided(connection, boundary, ALL_TASKS):
        return None
    incumbent_id = artefact_at(connection, active.stable.classifier, boundary)
    incumbent = load_artefact(connection, incumbent_id) if incumbent_id else None
    # A model that was approved meanwhile may have learned pairs the candidate has not.
    after = max(candidate.position, 0 if incumbent is None else incumbent.position)
    tests = refits_against(connection, boundary, incumbent_id)
    needed = rules.min_pairs * min(tests + 1, _LONGEST_WAIT)
    pairs = _held_out(
        connection, boundary, rules, after=after, until=learner.position, needed=needed
    )
    if len(pairs) < needed:
        return None
    try:
        old = (
            rules.configured[boundary]
            if incumbent is None
            else LocalClassifier.from_bytes(incumbent.artefact)
        )
        new = LocalClassifier.from_bytes(candidate.artefact)
        above = models_above(connection, boundary, active.stable.classifier, rules)
    except ArtefactError as problem:
        _log.error("refit put off: an artefact cannot be used", boundary=boundary, why=str(problem))
        set_candidate(connection, boundary, None)
        return None
    set_candidate(connection, boundary, None)
    contest = Contest(boundary, active.stable, candidate, new, old, above, pairs)
    return conclude(connection, contest, rules=rules)[1]


def _make_candidate(connection: Connection, learner: Learner, judge_version: str) -> None:
    if learner.pairs == 0:
        return
    candidate_id = add_artefact(
        connection,
        learner.boundary,
        artefact=with_type_offsets(connection, learner, judge_version=judge_version),
        pairs=learner.pairs,
        position=learner.position,
        author=_AUTHOR,
    )
    set_candidate(connection, learner.boundary, candidate_id)


def _held_out(
    connection: Connection, boundary: str, rules: RefitRules, *, after: int, until: int, needed: int
) -> list[JudgedPair]:
    """Pairs with their text that came after an outcome, of conversations that began after it.

    Nothing is read while there cannot be enough of them.
    """
    judge = rules.judge_version
    if count_judged(connection, boundary, judge_version=judge, after=after, until=until) < needed:
        return []
    pairs = judged_pairs(
        connection,
        boundary,
        judge_version=judge,
        after=after,
        until=until,
        limit=_MOST_PAIRS,
        newest=True,
    )
    begun_before = sessions_until(connection, [pair.session for pair in pairs], after)
    return [pair for pair in pairs if pair.text is not None and pair.session not in begun_before]
