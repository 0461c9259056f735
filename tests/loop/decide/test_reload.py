"""What gateways run is what Postgres says, from the first start to a change of the tiers."""

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.errors import ArtefactError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.reload import current_policies, stored_model
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.policy import Policy

FIRST = Policy(version=1, thresholds={"simple": 0.7, "standard": 0.6})


def test_the_first_start_stores_the_configurations_policy_once(engine: Engine) -> None:
    found = current_policies(engine=engine, first=FIRST)
    assert found.stable == FIRST
    assert found.candidate is None
    assert len(found.salt) == 16
    again = current_policies(engine=engine, first=FIRST)
    assert again == found
    assert [tuple(row) for row in rows(engine, "select version, author from policies")] == [
        (1, "configuration")
    ]


def test_stored_thresholds_win_over_the_configurations(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    changed = Policy(version=1, thresholds={"simple": 0.1, "standard": 0.1})
    assert current_policies(engine=engine, first=changed).stable == FIRST


def test_a_rollout_is_seen_with_its_share(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        made = put.add_proposal(connection)
        approve_proposal(connection, made, actor="ada", why="yes", share=0.25)
    found = current_policies(engine=engine, first=FIRST)
    assert found.candidate is not None
    assert (found.stable.version, found.candidate.version, found.share) == (1, 2, 0.25)
    assert found.candidate.threshold("simple") == 0.8


def test_changed_tiers_get_a_new_version_that_keeps_what_still_has_a_tier(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    salt = scalar(engine, "select salt from active_policy")
    changed = Policy(version=1, thresholds={"simple": 0.9, "middle": 0.5})
    found = current_policies(engine=engine, first=changed)
    # 0.7 was in force and stays; `standard` is gone; `middle` is new and takes the configured 0.5.
    assert dict(found.stable.thresholds) == {"simple": 0.7, "middle": 0.5}
    assert (found.stable.version, found.salt) == (2, salt)
    assert current_policies(engine=engine, first=changed) == found
    assert scalar(engine, "select max(version) from policies") == 2
    row = rows(engine, "select actor, action, subject from audit")[0]
    assert tuple(row) == ("configuration", "policy.adapted", "policy/2")


def test_task_types_keep_what_they_have_of_their_own_at_tiers_that_stay(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        connection.execute(
            text(
                "update policies set by_task = cast(:own as jsonb),"
                ' promised = \'{"simple": 0.08, "standard": 0.03}\', promised_for = 0.95'
            ),
            {
                "own": '{"code": {"simple": 0.9, "standard": 0.8}, "law": {"standard": 0.4},'
                ' "sql": {"simple": 0.5}}'
            },
        )
    changed = Policy(version=1, thresholds={"simple": 0.9, "middle": 0.5})
    found = current_policies(engine=engine, first=changed).stable
    assert {task: dict(own) for task, own in found.by_task.items()} == {
        "code": {"simple": 0.9},
        "sql": {"simple": 0.5},
    }
    assert found.threshold("simple", "code") == 0.9
    assert found.threshold("middle", "code") == 0.5
    # What is above simple is another tier now: what was promised of it was against the old one.
    assert (dict(found.promised), found.promised_for) == ({}, None)
    detail = scalar(engine, "select detail from audit where action = 'policy.adapted'")
    assert detail["by_task"] == {"code": {"simple": 0.9}, "sql": {"simple": 0.5}}


def test_what_a_type_had_for_a_model_goes_with_the_model(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into classifier_models (version, boundary, artefact_id)"
                " values (1, 'simple', 5)"
            )
        )
        connection.execute(
            text(
                "update policies set classifier = 1, by_task = cast(:own as jsonb),"
                ' promised = \'{"simple": 0.08, "standard": 0.03}\', promised_for = 0.95'
            ),
            {"own": '{"code": {"simple": 0.9, "standard": 0.8}}'},
        )
    found = current_policies(engine=engine, first=FIRST, learned=False).stable
    assert {task: dict(own) for task, own in found.by_task.items()} == {"code": {"standard": 0.8}}
    assert (found.classifier, found.threshold("simple", "code")) == (0, 0.7)
    assert (dict(found.promised), found.promised_for) == ({"standard": 0.03}, 0.95)


CHANGED = Policy(version=1, thresholds={"simple": 0.9, "middle": 0.5})


def states(engine: Engine) -> list[tuple[str, str, str | None]]:
    found = rows(engine, "select tier, state, ended_why from proposals order by id")
    return [tuple(row) for row in found]


def test_a_rollout_is_taken_back_when_the_tiers_change(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        made = put.add_proposal(connection)
        approve_proposal(connection, made, actor="ada", why="yes", share=0.25)
    found = current_policies(engine=engine, first=CHANGED)
    assert (found.candidate, found.share) == (None, 0.0)
    why = "the configured tiers or the classifier changed"
    assert states(engine) == [("simple", "rolled_back", why)]
    # 0.8 was tried and never became stable.
    assert found.stable.threshold("simple") == 0.7


def test_what_waits_for_a_tier_that_is_gone_expires_and_the_rest_waits_on(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        put.add_proposal(connection)
        put.add_proposal(connection, tier="standard", state="approved")
    current_policies(engine=engine, first=CHANGED)
    why = "its tier or its kind of classifier left the configuration"
    assert states(engine) == [("simple", "open", None), ("standard", "expired", why)]


def test_evidence_that_cannot_be_read_hinders_no_change_of_the_tiers(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        put.add_proposal(connection, evidence={"version": 2})
        put.add_proposal(connection, tier="standard", evidence={"version": 2})
    assert current_policies(engine=engine, first=CHANGED).stable.version == 2
    assert [state for _, state, _ in states(engine)] == ["open", "expired"]


def test_a_model_waits_for_nobody_once_another_kind_classifies(engine: Engine) -> None:
    current_policies(engine=engine, first=FIRST)
    with engine.begin() as connection:
        put.add_proposal(connection, kind="model")
        connection.exec_driver_sql("update policies set classifier = 1")
    found = current_policies(engine=engine, first=FIRST, learned=False)
    assert (found.stable.version, found.stable.classifier) == (2, 0)
    assert [state for _, state, _ in states(engine)] == ["expired"]


def test_a_version_that_is_not_stored_is_refused_by_its_number(
    engine: Engine,
) -> None:
    configured = {"simple": LocalClassifier(), "standard": LocalClassifier()}
    tiers = ["simple", "standard", "complex"]
    with pytest.raises(ArtefactError, match="5"):
        stored_model(5, engine=engine, tiers=tiers, configured=configured)
