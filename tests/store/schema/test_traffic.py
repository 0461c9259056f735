"""Counts have a key of five parts; figures that came later are nothing before."""

import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.traffic import FeedbackRow, RollupFlushRow, RollupRow


def test_a_minute_tier_type_bin_and_policy_are_counted_in_one_row(connection: Connection) -> None:
    key = RollupRow.__table__.primary_key.columns.keys()
    assert key == ["minute", "tier", "task_type", "bin", "policy_version"]
    put.add_rollup(connection, "simple", 1)
    with pytest.raises(IntegrityError, match="pk_rollups"), connection.begin_nested():
        put.add_rollup(connection, "simple", 2)


def test_figures_that_came_with_later_versions_are_nothing_before(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 1)
    row = connection.execute(
        text(
            "select eligible, expected, drift_taken, cached_tokens, classifier_cost_usd"
            " from rollups"
        )
    ).one()
    assert set(row) == {0}


def test_a_flush_is_one_row(connection: Connection) -> None:
    flush = insert(RollupFlushRow).values(id=uuid.uuid4())
    connection.execute(flush)
    with pytest.raises(IntegrityError, match="pk_rollup_flushes"), connection.begin_nested():
        connection.execute(flush)


def test_feedback_without_fields_of_the_callers_own_has_none(connection: Connection) -> None:
    connection.execute(
        insert(FeedbackRow).values(request_id=uuid.uuid4(), score=1.0, comment="", session=None)
    )
    assert connection.execute(text("select extra from feedback")).scalar_one() == {}
