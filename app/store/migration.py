"""Bringing the schema up to date. Alembic is 37 MB, which a process that serves does not need."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import tierwatch_migrations

# Any number that no other program uses for an advisory lock on this database.
_MIGRATION_LOCK = 7_431_201
_ASK_EVERY_S = 0.2


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; several processes may call it at once."""
    config = _config()
    with engine.connect() as connection:
        # No statement that waits: its snapshot would hold up the indexes that the holder builds.
        while not connection.execute(
            text(f"select pg_try_advisory_lock({_MIGRATION_LOCK})")
        ).scalar():
            connection.commit()
            time.sleep(_ASK_EVERY_S)
        connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text(f"select pg_advisory_unlock({_MIGRATION_LOCK})"))
            connection.commit()


def known_versions() -> list[str]:
    """Versions of the schema that this tierwatch knows, newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()]


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
    return config
