"""A Postgres that is away until it is let back, for what must survive that."""

import psycopg
from sqlalchemy import Engine, NullPool, create_engine


class Outage:
    """An engine on a database that nobody reaches; ``end`` opens the way, ``begin`` closes it."""

    def __init__(self, there: Engine) -> None:
        url = there.url.set(drivername="postgresql")
        self._url = url.render_as_string(hide_password=False)
        self._away = True
        self.tried = 0
        self.engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, poolclass=NullPool
        )

    def begin(self) -> None:
        self._away = True

    def end(self) -> None:
        self._away = False

    def _connect(self) -> psycopg.Connection:
        self.tried += 1
        if self._away:
            raise psycopg.OperationalError("connection refused")
        return psycopg.connect(self._url)
