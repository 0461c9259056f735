"""Roles are the four there are; no two tokens have one hash. The audit is in test_migrations.py."""

from typing import Any, get_args

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from tierwatch.store.people.roles import Role
from tierwatch.store.schema.people import TokenRow, UserRow

TABLES: list[tuple[Any, dict[str, Any]]] = [
    (UserRow, {"name": "ada", "password_hash": "h", "must_change": False}),
    (TokenRow, {"name": "ci", "token_hash": "h"}),
]


@pytest.mark.parametrize(("table", "columns"), TABLES, ids=["user", "token"])
def test_roles_are_those_of_the_code(
    connection: Connection, table: Any, columns: dict[str, Any]
) -> None:
    for role in get_args(Role):
        savepoint = connection.begin_nested()
        connection.execute(insert(table).values(columns | {"role": role}))
        savepoint.rollback()
    with pytest.raises(IntegrityError, match="role"), connection.begin_nested():
        connection.execute(insert(table).values(columns | {"role": "root"}))


def test_a_hash_is_one_tokens(connection: Connection) -> None:
    connection.execute(insert(TokenRow).values(name="ci", token_hash="h", role="viewer"))
    with pytest.raises(IntegrityError, match="uq_tokens_token_hash"), connection.begin_nested():
        connection.execute(insert(TokenRow).values(name="cd", token_hash="h", role="viewer"))
