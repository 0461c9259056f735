"""Where the embedded servers of a folder listen, for commands that did not start them."""

from pathlib import Path

from tierwatch.local import postgres, redis
from tierwatch.local.folder import Folder


def embedded_postgres(folder: Path) -> str | None:
    """SQLAlchemy URL of the Postgres that a stack in this folder started; None when none did.

    Raises:
        StackError: a file of the folder cannot be read; another user's, for example.
    """
    found = _place(folder, "postgres")
    if found is None:
        return None
    port, password = found
    return f"postgresql+psycopg://{postgres.ROLE}:{password}@127.0.0.1:{port}/{postgres.DATABASE}"


def embedded_redis(folder: Path) -> str | None:
    """URL of the Redis that a stack in this folder started; None when none did.

    Raises:
        StackError: a file of the folder cannot be read; another user's, for example.
    """
    found = _place(folder, "redis")
    return found and redis.url(*found)


def _place(folder: Path, server: str) -> tuple[int, str] | None:
    """A server's port and password."""
    kept = Folder(folder)
    port = kept.load("ports.json").get(server)
    password = kept.load("credentials.json").get(server)
    if isinstance(port, int) and isinstance(password, str):
        return port, password
    return None
