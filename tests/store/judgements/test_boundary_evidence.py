"""The newest outcomes about boundaries, in order, without those that measured something else."""

import math
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from factories.routed import LADDER, routed, store_routed
from sqlalchemy import Connection, insert, select, text, update

from tierwatch.store.judgements.boundary_evidence import boundary_evidence, routed_evidence
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import OutcomeRow
from tierwatch.store.schema.learned import ModelRow
from tierwatch.store.schema.policies import PolicyRow


def read(connection: Connection, **changes: Any) -> list[float]:
    """Confidences, as good as names here."""
    wanted = {"judge_version": put.JUDGE} | changes
    return boundary_evidence(connection, "simple", **wanted).confidences


def add(connection: Connection, confidence: float, **changes: Any) -> None:
    put.add_outcome(connection, int(confidence * 1000), 0.0, confidence=confidence, **changes)


def test_no_outcomes_are_empty_lists(connection: Connection) -> None:
    found = boundary_evidence(connection, "simple", judge_version=put.JUDGE)
    assert (found.ids, found.confidences, found.losses, found.weights) == ([], [], [], [])
    assert found.caps == [0.0] * 101


def test_both_directions_in_order_of_arrival_with_their_weights(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, confidence=0.8, pi=0.5)
    put.add_outcome(connection, 2, 0.0, confidence=0.4, pi=0.1, tier="standard", boundary="simple")
    found = boundary_evidence(connection, "simple", judge_version=put.JUDGE)
    assert found.ids == sorted(found.ids)
    assert found.confidences == [0.8, 0.4]
    assert found.losses == [1.0, 0.0]
    assert found.weights == pytest.approx([2.0, 10.0])


def test_another_judge_boundary_or_regime_is_left_out(connection: Connection) -> None:
    add(connection, 0.1)
    first = connection.execute(select(OutcomeRow.id)).scalar_one()
    add(connection, 0.2)
    add(connection, 0.3, judge_version="other")
    add(connection, 0.4, boundary="standard")
    assert read(connection) == [0.1, 0.2]
    assert read(connection, after_outcome=first) == [0.2]
    assert read(connection, judge_version="other") == [0.3]


def test_the_newest_are_taken_and_given_in_order(connection: Connection) -> None:
    for tenth in range(1, 6):
        add(connection, tenth / 10)
    assert read(connection, limit=2) == [0.4, 0.5]
    assert read(connection, limit=99) == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_types_are_picked_or_left_out(connection: Connection) -> None:
    for tenth, task_type in enumerate(("sql", "code", "all"), 1):
        add(connection, tenth / 10, task_type=task_type)
    assert read(connection, task_type="code") == [0.2]
    assert read(connection, without=["sql", "all"]) == [0.2]
    assert read(connection, task_type="code", without=["code"]) == []
    assert read(connection, task_type="nobody's") == []


def test_confidences_of_another_classifier_are_left_out(connection: Connection) -> None:
    put.add_policy(connection, 1)
    put.add_policy(connection, 2)
    connection.execute(update(PolicyRow).where(PolicyRow.version == 2).values(classifier=1))
    connection.execute(insert(ModelRow).values(version=1, boundary="simple", artefact_id=9))
    add(connection, 0.1, policy_version=1)
    add(connection, 0.2, policy_version=2)
    assert read(connection) == [0.1]
    assert read(connection, artefact_id=9) == [0.2]
    # At another boundary both policies have the configured classifier.
    put.add_outcome(connection, 7, 0.0, tier="standard", policy_version=2, confidence=0.7)
    found = boundary_evidence(connection, "standard", judge_version=put.JUDGE)
    assert found.confidences == [0.7]


def test_what_another_model_of_the_tier_answered_is_left_out(connection: Connection) -> None:
    for version in (1, 2, 3):
        put.add_policy(connection, version)
        add(connection, version / 10, policy_version=version)
    other = """update policies set models = '{"simple": {"model": "b"}}' where version = 2"""
    connection.execute(text(other))
    assert read(connection) == [0.1, 0.2, 0.3]  # nothing is active
    put.put_in_force(connection, 3)
    assert read(connection) == [0.1, 0.3]
    connection.execute(text("update active_policy set stable_version = 2"))
    assert read(connection) == [0.2]
    found = boundary_evidence(connection, "standard", judge_version=put.JUDGE)
    assert found.confidences == []
    put.add_outcome(connection, 900, 0.0, tier="standard", policy_version=1, confidence=0.7)
    found = boundary_evidence(connection, "standard", judge_version=put.JUDGE)
    assert found.confidences == [0.7]


@pytest.fixture
def policy(connection: Connection) -> None:
    put.add_policy(connection, 1)


def read_routed(connection: Connection, **changes: Any) -> Any:
    wanted: dict[str, Any] = {"judge_version": put.JUDGE, "classifier": 0}
    return routed_evidence(connection, LADDER[:2], LADDER[2], **(wanted | changes))


def test_without_pairs_the_arrays_keep_their_shapes(connection: Connection) -> None:
    found = read_routed(connection)
    assert found.ids == []
    assert np.shape(found.pairs.confidences) == (0, 2)
    assert np.shape(found.pairs.thresholds) == (0, 2)


@pytest.mark.usefixtures("policy")
def test_stored_pairs_come_back_as_they_were(connection: Connection) -> None:
    given = routed(np.random.default_rng(3), 60, [0.7, 0.7], sampled=True)
    store_routed(connection, given)
    found = read_routed(connection)
    assert found.ids == sorted(found.ids)
    assert len(found.ids) == len(given.served)
    for name in ("confidences", "served", "boundaries", "labels", "gains", "weights"):
        np.testing.assert_allclose(getattr(found.pairs, name), getattr(given, name), err_msg=name)
    np.testing.assert_allclose(found.pairs.thresholds, [[0.7, 0.7]])


@pytest.mark.usefixtures("policy")
def test_direct_comparisons_come_with_their_pairs(connection: Connection) -> None:
    given = routed(np.random.default_rng(3), 400, [0.7, 0.7], sampled=True, direct=0.5)
    store_routed(connection, given)
    found = read_routed(connection).pairs
    np.testing.assert_array_equal(found.direct, given.direct)
    there = ~np.isnan(np.asarray(found.direct))
    assert 10 < there.sum() < (np.asarray(given.served) == 0).sum()
    np.testing.assert_allclose(
        np.asarray(found.direct_weights)[there], np.asarray(given.direct_weights)[there]
    )


@pytest.mark.parametrize(
    "change",
    [
        "update direct_pairs set tier = 'huge'",
        "update verdicts v set judge_version = 'x' from direct_pairs where v.exchange_id = twin_id",
        "update verdicts v set preferred = null from direct_pairs where v.exchange_id = twin_id",
        "delete from verdicts v using direct_pairs where v.exchange_id = twin_id",
    ],
    ids=["another top tier", "another judge", "unscored", "not judged yet"],
)
@pytest.mark.usefixtures("policy")
def test_what_is_no_verdict_on_the_top_tier_is_none(connection: Connection, change: str) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 60, [0.7, 0.7]))
    before = read_routed(connection)
    connection.execute(text(change))
    after = read_routed(connection)
    assert after.ids == before.ids
    assert not np.isnan(np.asarray(before.pairs.direct)).all()
    assert np.isnan(np.asarray(after.pairs.direct)).all()


@pytest.mark.usefixtures("policy")
def test_a_tier_that_came_to_be_next_to_the_top_has_none(connection: Connection) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 60, [0.7, 0.7]))
    connection.execute(text("update policies set thresholds = thresholds - 'standard'"))
    connection.execute(text("update exchanges set alternative_tier = 'complex'"))
    found = routed_evidence(
        connection, LADDER[:1], LADDER[2], judge_version=put.JUDGE, classifier=0
    )
    assert len(found.ids) > 10
    assert np.isnan(np.asarray(found.pairs.direct)).all()


@pytest.mark.usefixtures("policy")
def test_the_newest_pairs_of_all_boundaries(connection: Connection) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 30, [0.7, 0.7]))
    everything = read_routed(connection).ids
    assert read_routed(connection, limit=5).ids == everything[-5:]
    assert read_routed(connection, after_outcome=everything[9]).ids == everything[10:]
    assert read_routed(connection, judge_version="other").ids == []
    assert read_routed(connection, classifier=1).ids == []


@pytest.mark.parametrize(
    "change",
    [
        'update policies set by_task = \'{"sql": {"simple": 0.9}}\'',
        "update policies set thresholds = '{\"simple\": 0.7}'",
        "update policies set thresholds = thresholds || '{\"tiny\": 0.5}'",
        "update exchanges set confidences = confidences - 'standard'",
        "update exchanges set label = 'tiny'",
        "update exchanges set alternative_tier = 'complex', tier = 'simple' where tier = 'simple'",
        'update policies set drained = \'{"all": ["simple"]}\'',
    ],
    ids=[
        *("types apart", "fewer tiers", "more tiers", "a confidence missing", "label", "no step"),
        "sent up by hand",
    ],
)
@pytest.mark.usefixtures("policy")
def test_pairs_of_another_ladder_are_left_out(connection: Connection, change: str) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 30, [0.7, 0.7]))
    before = len(read_routed(connection).ids)
    connection.execute(text(change))
    assert len(read_routed(connection).ids) < before


@pytest.mark.usefixtures("policy")
def test_pairs_of_other_models_than_the_active_policys_are_left_out(connection: Connection) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 30, [0.7, 0.7]))
    put.add_policy(connection, 2)
    put.put_in_force(connection, 2)
    assert len(read_routed(connection).ids) > 0
    other = """update policies set models = '{"standard": {"model": "b"}}' where version = 2"""
    connection.execute(text(other))
    assert read_routed(connection).ids == []


@pytest.mark.usefixtures("policy")
def test_a_threshold_of_its_own_is_a_confidence_of_one_or_zero(connection: Connection) -> None:
    store_routed(connection, routed(np.random.default_rng(3), 30, [0.7, 0.7]))
    connection.execute(text('update policies set by_task = \'{"sql": {"simple": 0.5}}\''))
    connection.execute(text("update outcomes set task_type = 'sql'"))
    found = read_routed(connection, apart={"sql": {"simple": 0.5}}).pairs
    stored = connection.execute(
        select(ExchangeRow.confidences)
        .join(OutcomeRow, OutcomeRow.exchange_id == ExchangeRow.id)
        .order_by(OutcomeRow.id)
    ).scalars()
    for row, known in zip(found.confidences, stored, strict=True):
        assert row[0] == float(known["simple"] >= 0.5)
        assert math.isclose(row[1], known["standard"])
