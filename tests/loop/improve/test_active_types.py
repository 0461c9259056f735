"""The active task types, from rows to a gateway."""

from typing import Any

import pytest
from factories.judged_prompts import DIFFERENT, NOW, WORDS, judge_prompts
from factories.rows import add_exchange, add_outcome, add_policy, add_rollup, put_in_force
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from tierwatch.evaluation.types.build import build_types
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.loop.decide.reload import current_types
from tierwatch.loop.improve import rebuild_types as loop_types
from tierwatch.loop.improve.active_types import types_table
from tierwatch.loop.improve.rebuild_types import rebuild_types, switch_off
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier
from tierwatch.store.learned import type_versions


def rebuild(engine: Engine, **options: Any) -> loop_types.Rebuilt:
    found = rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW, **options)
    assert found is not None
    return found


def test_switched_off_types_are_told_as_none(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    rebuild(engine)
    assert switch_off(engine=engine, actor="ada")
    assert not switch_off(engine=engine, actor="ada")
    assert current_types(1, engine=engine) == (0, None)
    assert rebuild(engine).version == 2


def test_the_table_shows_size_rates_and_own_thresholds(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    rebuild(engine)
    with engine.begin() as connection:
        stored = type_versions.active_types(connection)
        assert stored is not None
        one, other = stored.names[:2]
        minute = NOW.replace(second=0, microsecond=0)
        add_rollup(connection, "simple", 30, task_type=one, minute=minute)
        add_rollup(connection, "simple", 10, task_type=other, minute=minute)
        add_policy(connection)
        put_in_force(connection)
        connection.execute(
            text(
                "update policies set by_task = jsonb_build_object(:one ::text,"
                " '{\"simple\": 0.9}'::jsonb)"
            ),
            {"one": one},
        )
        # Two conversations up, of one and of three pairs: losses 1 and (0 + 0 + 1) / 3.
        for number, session, loss in ((1, "a", 1), (2, "b", 0), (3, "b", 0), (4, "b", 1)):
            exchange_id = add_exchange(connection, 10_000 + number, task_type=one, session=session)
            add_outcome(
                connection,
                10_000 + number,
                float(loss),
                exchange_id=exchange_id,
                task_type=one,
                session=session,
                judge_version="late",
            )
        table = types_table(connection)
    lines = {line.name: line for line in table.types}
    assert (lines[one].requests, lines[one].share) == (30, 0.75)
    assert lines[one].thresholds == {"simple": 0.9}
    assert lines[one].misroute.value == pytest.approx((1 + 1 / 3) / 2)
    assert lines[one].misroute.n == 2
    assert lines[one].overspend.value is None
    assert lines[other].misroute.value is None


TIERS = (Tier("low", "m1", "p", Price(1, 1)), Tier("high", "m2", "p", Price(2, 2)))


def test_a_gateway_takes_types_over_and_keeps_them_when_worse_comes(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    registry = CollectorRegistry()
    policies = ActivePolicies(Policy(1, {"low": 0.5}))
    here = CurrentRouter(
        Router(TIERS, StaticClassifier("low"), policies, "low"),
        lambda: policies,
        GatewayMetrics(registry),
        types=lambda known: current_types(known, engine=engine),
    )
    asked = [{"role": "user", "content": "select the rows of a table"}]
    here.refresh()
    assert here.router.route(asked).task_type == "all"
    rebuild(engine)
    here.refresh()
    given = here.router.route(asked).task_type
    assert given != "all"
    in_force = here.router
    here.refresh()
    assert here.router is in_force
    with engine.begin() as connection:
        type_versions.add_types(
            connection, version=2, artefact=b"rotten", names=["x"], evidence={}, mapping={}
        )
    for _ in range(3):
        here.refresh()
    assert here.router.route(asked).task_type == given
    assert registry.get_sample_value("tierwatch_gateway_policy_poll_failures_total") == 1
    switch_off(engine=engine, actor="ada")
    here.refresh()
    assert here.router.route(asked).task_type == "all"


def test_new_policies_keep_the_types_and_a_dead_feed_keeps_both() -> None:
    losses = [float(number % 2) for number in range(400)]
    texts = [
        " ".join(WORDS["sql" if number % 2 else "poem"][number % 3 :]) for number in range(400)
    ]
    types, _ = build_types(texts, {"low": losses}, [str(number) for number in range(400)])
    feed: list[Any] = [(1, types.to_bytes()), OSError("database away"), None]
    versions = iter([1, 2, 2])

    def ask(_known: int) -> Any:
        answer = feed.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    here = CurrentRouter(
        Router(TIERS, StaticClassifier("low"), ActivePolicies(Policy(1, {"low": 0.5})), "low"),
        lambda: ActivePolicies(Policy(next(versions), {"low": 0.5})),
        GatewayMetrics(CollectorRegistry()),
        types=ask,
    )
    for _ in range(3):
        here.refresh()
        assert here.router.types == types
    assert here.router.policies.stable.version == 2
