"""Offsets of task types: learned beside a candidate, measured with it, in force under its types."""

import math
import random
from collections.abc import Iterator
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from factories.pairs import add_judged
from factories.types import types_of_words
from fakes.collaborators import TIERS, rows, scalar
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from tierwatch.evaluation.models.chances import log_losses
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.reload import current_policies, current_types, stored_model
from tierwatch.loop.decide.rollout import finish_rollout
from tierwatch.loop.improve.learn import LearnRules, learn
from tierwatch.loop.improve.rebuild_types import switch_off
from tierwatch.loop.improve.refit import refit
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import Policy
from tierwatch.routing.router import Router
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.proposals import load_proposal

NAMES = [tier.name for tier in TIERS]
FIRST = Policy(1, {"simple": 0.7, "standard": 0.6})
CONFIGURED = configured_boundaries(NAMES, {})
RULES = RefitRules("propose", {"simple": 0.3}, 0.05, 150, put.JUDGE, CONFIGURED)
# Each type has so many words that a prompt's own say little yet, and its type says all.
WORDS = {kind: [f"{kind}{number}" for number in range(600)] for kind in ("fable", "proof", "query")}
WORSE = {"fable": 0.05, "proof": 0.9, "query": 0.45}


def prompts(count: int, seed: int, worse: dict[str, float] = WORSE) -> Iterator[tuple[str, str]]:
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.choice(list(WORDS))
        said = "worse" if rng.random() < worse[kind] else "tie"
        yield " ".join(rng.sample(WORDS[kind], 4)), said


def types_of_version(version: int) -> TaskTypes:
    return types_of_words(WORDS, version=version)


def put_types(engine: Engine, version: int) -> None:
    types = types_of_version(version)
    with engine.begin() as connection:
        add_types(
            connection,
            version=version,
            artefact=types.to_bytes(),
            names=list(types.names),
            evidence={},
            mapping={},
        )


def judge(engine: Engine, count: int, seed: int, worse: dict[str, float] = WORSE) -> None:
    with engine.begin() as connection:
        add_judged(connection, list(prompts(count, seed, worse)))
    learn(engine=engine, rules=LearnRules(NAMES[:-1], put.JUDGE, 1.0))


def run_refit(engine: Engine) -> int:
    return refit(engine=engine, rules=RULES, rollout_share=0.2)


def candidate(engine: Engine) -> LocalClassifier:
    return LocalClassifier.from_bytes(
        scalar(engine, "select artefact from classifier_artefacts order by id desc limit 1")
    )


@pytest.fixture
def typed(engine: Engine) -> Engine:
    """Types are in force and 1,000 pairs were learned since."""
    current_policies(engine=engine, first=FIRST)
    put_types(engine, 1)
    judge(engine, 1_000, 1)
    return engine


def gateway(engine: Engine) -> CurrentRouter:
    def policies() -> Any:
        return current_policies(engine=engine, first=FIRST)

    return CurrentRouter(
        Router(TIERS, LocalTierClassifier(NAMES, CONFIGURED), policies(), "complex"),
        policies,
        GatewayMetrics(CollectorRegistry()),
        models=lambda version: stored_model(
            version, engine=engine, tiers=NAMES, configured=CONFIGURED
        ),
        types=lambda known: current_types(known, engine=engine),
    )


def test_what_was_said_of_a_pair_before_it_was_learned_is_written_down(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    pairs = list(prompts(260, 3))
    with engine.begin() as connection:
        add_judged(connection, pairs)
    learn(engine=engine, rules=LearnRules(NAMES[:-1], put.JUDGE, 1.0))
    found = rows(engine, "select said_higher, said_lower from outcomes order by position")
    replayed, expected = LocalClassifier(), []
    for asked, verdict in pairs:
        expected.append(replayed.log_odds(asked) or (None, None))
        replayed.learn(asked, verdict)
    assert [tuple(row) for row in found] == expected
    assert expected[199] == (None, None)
    assert expected[200] != (None, None)


def test_a_candidate_carries_offsets_of_the_types_in_force_where_they_help(typed: Engine) -> None:
    run_refit(typed)
    offsets = candidate(typed).type_offsets
    assert offsets is not None
    assert offsets.types_version == 1
    higher = {name: pair[0] for name, pair in offsets.by_type.items()}
    assert higher["fable"] < -0.3 < 0.3 < higher["proof"]
    # The working classifier learns on without any.
    working = LocalClassifier.from_bytes(scalar(typed, "select artefact from learners"))
    assert working.type_offsets is None


def test_types_that_tell_the_head_nothing_new_give_no_offsets(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    put_types(engine, 1)
    judge(engine, 1_000, 2, dict.fromkeys(WORDS, 0.4))
    run_refit(engine)
    assert candidate(engine).type_offsets is None


@pytest.mark.parametrize(
    "missing",
    [
        "update task_types set active = false",
        "update task_types set artefact = 'rotten'",
        "update outcomes set said_higher = null, said_lower = null where position > 500",
        """
        delete from exchange_texts
        where id in (select exchange_id from outcomes where position > 500)
        """,
        # Judged before the types were built, half of them were built of these.
        "update outcomes set created_at = now() - interval '1 day', session = 'one'",
    ],
)
def test_without_types_scores_texts_or_pairs_that_did_not_build_them_there_are_none(
    typed: Engine, missing: str
) -> None:
    with typed.begin() as connection:
        connection.execute(text(missing))
    run_refit(typed)
    assert candidate(typed).type_offsets is None


def test_pairs_from_before_the_types_count_where_they_only_measured_them(typed: Engine) -> None:
    """Half of 800 with a score, so there are fewer than 400 or just enough; of 1,400 enough."""
    with typed.begin() as connection:
        connection.execute(text("update outcomes set created_at = now() - interval '1 day'"))
    judge(typed, 600, 4)
    with typed.begin() as connection:
        connection.execute(text("update outcomes set created_at = now() - interval '1 day'"))
    run_refit(typed)
    assert candidate(typed).type_offsets is not None


def proposed(engine: Engine) -> Any:
    run_refit(engine)
    judge(engine, 200, 5)
    assert run_refit(engine) == 1
    (proposal,) = rows(engine, "select * from proposals")
    return proposal


def test_the_comparison_measures_the_candidate_with_its_offsets_and_gateways_apply_them(
    typed: Engine,
) -> None:
    proposal = proposed(typed)
    offered = candidate(typed)
    told = proposal.evidence["type_offsets"]
    assert told["types_version"] == 1
    assert told["by_type"].keys() == set(WORDS)
    held_out = list(prompts(200, 5))
    types = types_of_version(1)

    def log_loss(of: TaskTypes | None) -> float:
        chances = np.array([offered.predict(asked, of) for asked, _ in held_out])
        return float(log_losses(chances, [verdict for _, verdict in held_out]).mean())

    assert proposal.evidence["log_loss"]["candidate"] == pytest.approx(log_loss(types))
    assert log_loss(types) < log_loss(None)

    current = gateway(typed)
    with typed.begin() as connection:
        approve_proposal(connection, proposal.id, actor="ada", why="good", share=1.0)
        finish_rollout(connection, load_proposal(connection, proposal.id), why="it held")
    current.refresh()
    asked = held_out[0][0]

    def confidence() -> float:
        return dict(current.router.route([{"role": "user", "content": asked}]).confidences)[
            "simple"
        ]

    def expected(of: TaskTypes | None) -> float:
        (higher, lower), (above, below) = (
            offered.predict(asked, of),
            CONFIGURED["standard"].predict(asked),
        )
        return min(0.999, max(0.0, 1 - max(0.0, max(0.0, above - below) + higher - lower)))

    assert confidence() == pytest.approx(expected(types))
    assert expected(types) != expected(None)
    # Other types come into force: the offsets are for none of them, and the next candidate is
    # compared with the model as it now decides.
    put_types(typed, 2)
    current.refresh()
    assert current.router.types == types_of_version(2)
    assert confidence() == pytest.approx(expected(None))
    switch_off(engine=typed, actor="ada")
    current.refresh()
    assert confidence() == pytest.approx(expected(None))


def test_a_candidate_whose_types_went_meanwhile_is_compared_without_its_offsets(
    typed: Engine,
) -> None:
    run_refit(typed)
    assert candidate(typed).type_offsets is not None
    put_types(typed, 2)
    judge(typed, 200, 5)
    run_refit(typed)
    (found,) = rows(typed, "select * from refits")
    offered = candidate(typed)
    plain = [offered.predict(asked) for asked, _ in prompts(200, 5)]
    losses = [
        -_log(chances, verdict)
        for chances, (_, verdict) in zip(plain, prompts(200, 5), strict=True)
    ]
    assert found.result["log_loss"]["candidate"] == pytest.approx(sum(losses) / 200)


def _log(chances: tuple[float, float], verdict: str) -> float:
    said = {"worse": chances[0], "tie": 1 - sum(chances), "better": chances[1]}[verdict]
    return math.log(max(said, 0.001))


def test_what_waits_with_offsets_for_types_that_go_is_closed(typed: Engine) -> None:
    proposal = proposed(typed)
    with typed.begin() as connection:
        other = put.add_proposal(connection, tier="standard", kind="model", artefact_id=1)
    assert switch_off(engine=typed, actor="ada")
    states = {row.id: row.state for row in rows(typed, "select id, state from proposals")}
    assert states == {proposal.id: "expired", other: "open"}
    (audit,) = rows(typed, "select * from audit where action = 'proposal.expired'")
    assert (audit.actor, audit.subject) == ("ada", f"proposal/{proposal.id}")
    assert "no longer active" in audit.detail["why"]


def test_what_is_tried_with_offsets_for_types_that_go_is_taken_back(typed: Engine) -> None:
    proposal = proposed(typed)
    with typed.begin() as connection:
        approve_proposal(connection, proposal.id, actor="ada", why="better")
    assert switch_off(engine=typed, actor="ada")
    assert scalar(typed, "select state from proposals") == "rolled_back"
    assert scalar(typed, "select candidate_version from active_policy") is None


def test_what_has_offsets_for_other_types_is_not_rolled_out(typed: Engine) -> None:
    proposal = proposed(typed)
    put_types(typed, 2)
    with typed.begin() as connection:
        assert approve_proposal(connection, proposal.id, actor="ada", why="better") is None
    (closed,) = rows(typed, "select * from proposals")
    assert closed.state == "expired"
    assert closed.ended_why == "the task types its offsets are for are no longer active"
