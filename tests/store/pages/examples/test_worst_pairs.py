import uuid

from factories.rows import add_exchange, add_pair, add_verdict
from sqlalchemy import Connection, text

from tierwatch.store.pages.examples.worst_pairs import pair_texts


def test_texts_of_several_pairs_and_the_newest_reason(connection: Connection) -> None:
    one = add_pair(connection, 1, "alternative", question="Why?")
    add_verdict(connection, one, judge_version="newer", reason="it is better")
    connection.execute(
        text("update verdicts set created_at = now() + '1 h' where judge_version = 'newer'")
    )
    alone = add_exchange(connection, 2)
    found = pair_texts(connection, [one, alone, uuid.uuid4()])
    assert set(found) == {one, alone}
    assert (found[one].tier, found[one].alternative_tier) == ("simple", "standard")
    assert found[one].reason == "it is better"
    assert found[one].alternative == {"role": "assistant", "content": "four"}
    assert (found[alone].alternative, found[alone].reason) == (None, "")
    assert found[alone].answer is not None


def test_a_text_that_retention_took_is_none(connection: Connection) -> None:
    one = add_pair(connection, 1)
    connection.execute(text("delete from exchange_texts"))
    assert pair_texts(connection, [one])[one].request is None
    assert pair_texts(connection, []) == {}


def test_the_request_is_in_openais_form(connection: Connection) -> None:
    asked = {"wire": "anthropic", "request": {"system": "Be brief.", "messages": []}}
    one = add_exchange(connection, 1, asked=asked)
    request = pair_texts(connection, [one])[one].request
    assert request is not None
    assert request["messages"] == [{"role": "system", "content": "Be brief."}]
