"""Alembic's entry: one connection, given by the caller or made from the settings."""

import re

from alembic import context
from sqlalchemy import Connection

from tierwatch.settings import read_settings
from tierwatch.store.database import build_engine
from tierwatch.store.schema.every_table import METADATA

# Monthly partitions are made by the retention step, not by versions.
_PARTITION = re.compile(r"_((until_)?y\d{4}m\d{2}|rest)$")


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001 - alembic's signature
    return not (kind == "table" and name is not None and _PARTITION.search(name))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_object=_ours,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = build_engine(read_settings().database_url)
    with engine.connect() as own:
        _run(own)
    engine.dispose()
