from sqlalchemy import Connection, select

from tierwatch.store.people.roles import Person
from tierwatch.store.people.tokens import add_token, find_token
from tierwatch.store.schema.people import TokenRow


def test_token_is_found_by_its_text_and_kept_as_a_hash(connection: Connection) -> None:
    token = add_token(connection, "ci", "reviewer")

    assert find_token(connection, token) == Person("token:ci", "reviewer")
    assert find_token(connection, token + "x") is None
    assert find_token(connection, "") is None
    assert find_token(connection, "\ud800") is None
    assert token not in connection.execute(select(TokenRow.token_hash)).scalar_one()
