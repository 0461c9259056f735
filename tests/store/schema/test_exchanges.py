"""Texts are cut by month of the id; figures know nothing of them."""

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.exchanges import AlternativeRow, ExchangeRow, ExchangeTextRow


def test_figures_stay_when_the_text_goes(connection: Connection) -> None:
    put.add_exchange(connection, 1)
    connection.execute(text("delete from exchange_texts"))
    assert connection.execute(text("select count(*) from exchanges")).scalar_one() == 1


@pytest.mark.parametrize("table", ["exchange_texts", "alternative_texts"])
def test_texts_of_no_month_that_is_cut_go_to_the_rest(connection: Connection, table: str) -> None:
    found = connection.execute(
        text("select relkind, to_regclass(:rest) from pg_class where relname = :table"),
        {"table": table, "rest": f"{table}_rest"},
    ).one()
    assert found.relkind in {"p", b"p"}
    assert found.to_regclass is not None


def test_a_text_is_of_one_exchange(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    again = insert(ExchangeTextRow).values(id=exchange_id, request={}, answer={})
    with pytest.raises(IntegrityError), connection.begin_nested():
        connection.execute(again)


def test_figures_that_came_with_later_versions_are_nothing_before(connection: Connection) -> None:
    put.add_exchange(connection, 1)
    row = connection.execute(
        text("select cached_tokens, cache_write_tokens, classifier_cost_usd, fitted from exchanges")
    ).one()
    assert tuple(row) == (0, 0, 0.0, [])


def test_an_exchange_has_one_shadow_answer(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    put.add_shadow(connection, exchange_id)
    with pytest.raises(IntegrityError), connection.begin_nested():
        put.add_shadow(connection, exchange_id)


def test_unended_work_is_found_by_an_index_of_its_own() -> None:
    indexes = {index.name: index for index in ExchangeRow.__table__.indexes}
    where = indexes["ix_exchanges_unended"].dialect_options["postgresql"]["where"]
    assert str(where) == "ended_at is null"
    assert AlternativeRow.__table__.primary_key.columns.keys() == ["exchange_id"]


def test_nothing_is_known_of_the_prompts_of_older_rows(connection: Connection) -> None:
    put.add_exchange(connection, 1)
    found = connection.execute(text("select prompt_version from exchanges")).scalar_one()
    assert found is None
