"""A stream is named by the own rule of its segment, whatever number the policy has."""

import pytest
from sqlalchemy import Connection, insert, text

from tierwatch.routing.policy import Policy
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.policies import add_policy
from tierwatch.store.schema.learned import ArtefactRow, ModelRow
from tierwatch.store.schema.policies import ActivePolicyRow

FIRST = Policy(1, {"simple": 0.7, "standard": 0.6})


def store(connection: Connection, *policies: Policy, stable: int = 1) -> OwnRules:
    for policy in policies:
        add_policy(connection, policy, author="ada", reason="why")
    connection.execute(
        insert(ActivePolicyRow).values(
            id=1, stable_version=stable, candidate_version=None, share=0.0, salt="salt"
        )
    )
    return OwnRules(connection)


def artefact(connection: Connection, version: int, boundary: str) -> int:
    added = connection.execute(
        insert(ArtefactRow)
        .values(boundary=boundary, artefact=b"", pairs=1, position=1, author="ada")
        .returning(ArtefactRow.id)
    ).scalar_one()
    connection.execute(
        insert(ModelRow).values(version=version, boundary=boundary, artefact_id=added)
    )
    return int(added)


def test_a_change_of_another_tier_keeps_the_name(connection: Connection) -> None:
    second = FIRST.with_threshold("standard", 0.5, version=2)
    third = second.with_threshold("simple", 0.6, version=3)
    rules = store(connection, FIRST, second, third)
    assert rules.stream("simple|sql|p1|m|j", 1) == "simple|sql|t0.70|m|j"
    assert rules.stream("simple|sql|p2|m|j", 2) == "simple|sql|t0.70|m|j"
    assert rules.stream("simple|sql|p3|m|j", 3) == "simple|sql|t0.60|m|j"
    assert rules.stream("simple|sql|p3|m|j", 3, task_type="*") == "simple|*|t0.60|m|j"
    assert rules.versions_like(1, "simple", "sql") == [1, 2]
    assert rules.versions_like(2, "standard", "*") == [2, 3]


def test_a_judge_with_bars_in_its_name_keeps_them(connection: Connection) -> None:
    rules = store(connection, FIRST)
    assert rules.stream("simple|all|p1|m|a|b", 1) == "simple|all|t0.70|m|a|b"


@pytest.mark.parametrize(
    ("name", "version"),
    [("simple", 1), ("simple|p1", 1), ("simple|sql|p1|m|j", 2), ("simple|sql|t0.70|m|j", 1)],
)
def test_what_carries_another_name_keeps_it(
    connection: Connection, name: str, version: int
) -> None:
    assert store(connection, FIRST).stream(name, version) == name


def test_a_policy_that_is_not_stored_goes_by_its_number(connection: Connection) -> None:
    rules = store(connection, FIRST)
    assert rules.stream("simple|sql|p7|m|j", 7) == "simple|sql|p7|m|j"
    assert rules.stream("simple|sql|p7|m|j", 7, task_type="*") == "simple|*|p7|m|j"
    assert rules.versions_like(7, "simple", "sql") == [7]


def test_the_cache_is_one_population_under_every_policy(connection: Connection) -> None:
    rules = store(connection, FIRST, FIRST.with_threshold("simple", 0.9, version=2))
    names = {rules.stream(f"cache|sql|p{version}|cache|j", version) for version in (1, 2)}
    assert names == {"cache|sql|t0.00|cache|j"}


def test_another_model_at_a_tier_is_another_rule_there_and_only_there(
    connection: Connection,
) -> None:
    number = artefact(connection, 1, "simple")
    rules = store(connection, FIRST, FIRST.with_model(1, "simple", 0.7, version=2))
    assert rules.stream("simple|all|p2|m|j", 2) == f"simple|all|t0.70a{number}|m|j"
    assert rules.stream("standard|all|p2|m|j", 2) == rules.stream("standard|all|p1|m|j", 1)


def test_a_stream_is_active_while_an_active_policy_has_its_rule(connection: Connection) -> None:
    second = FIRST.with_threshold("simple", 0.8, version=2)
    rules = store(connection, FIRST, second, stable=2)
    assert rules.is_active("simple|sql|t0.80|m|j", 2)
    assert not rules.is_active("simple|sql|t0.70|m|j", 1)
    # First fed under a policy that is gone, and still standard's rule.
    assert rules.is_active("standard|sql|t0.60|m|j", 1)
    # As they were kept before: by the policy's number.
    assert not rules.is_active("standard|sql|p1|m|j", 1)
    assert rules.is_active("standard|sql|p2|m|j", 2)
    # Of a name that is no key, the policy alone says it.
    assert rules.is_active("simple", 2)
    assert not rules.is_active("simple", 1)
    connection.execute(text("update active_policy set candidate_version = 1, share = .2"))
    assert OwnRules(connection).is_active("simple|sql|t0.70|m|j", 1)
