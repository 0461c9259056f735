"""Where the embedded Postgres of a folder listens, for commands that did not start it."""

from pathlib import Path

from tierwatch.local import postgres
from tierwatch.local.folder import Folder


def embedded_postgres(folder: Path) -> str | None:
    """SQLAlchemy URL of the Postgres that a stack in this folder started; None when none did.

    Raises:
        StackError: a file of the folder cannot be read; another user's, for example.
    """
    kept = Folder(folder)
    port = kept.load("ports.json").get("postgres")
    password = kept.load("credentials.json").get("postgres")
    if port is None or password is None:
        return None
    return f"postgresql+psycopg://{postgres.ROLE}:{password}@127.0.0.1:{port}/{postgres.DATABASE}"
