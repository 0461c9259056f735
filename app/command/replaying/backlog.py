"""How far evaluation lags behind the traffic, so that a replay can hold back."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.store.traffic.rollups import counted_requests

# Sampled exchanges that may wait for a verdict before the replay holds back.
_IN_FLIGHT = 100

_STATE = text(
    "select (select count(*) from exchanges where ended_at is null) as unended,"
    " (select coalesce(sum(requests), 0) from rollups) as counted"
)


class Backlog:
    """Exchanges without a final word, as last seen, and requests answered since.

    Attributes:
        waiting: exchanges that have not ended, and requests the gateway has not flushed yet: they
            may hold as many pairs again.
        uncounted: the second part of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            self._counted_before = counted_requests(connection)
        self._answered_when_seen = 0
        self.waiting = 0
        self.uncounted = 0

    def look(self, answered: int) -> None:
        """Ask the database how far it is, ``answered`` requests after the start.

        A database that is away is taken to hold nothing back: traffic does not wait for it.
        """
        try:
            with self._engine.connect() as connection:
                unended, counted = connection.execute(_STATE).one()
        except SQLAlchemyError:
            self.waiting = 0
        else:
            self.uncounted = max(0, self._counted_before + answered - int(counted))
            self.waiting = unended + self.uncounted
        self._answered_when_seen = answered

    def is_long(self, answered: int) -> bool:
        """Whether too many may wait: those seen, and those answered since."""
        return self.waiting + answered - self._answered_when_seen > _IN_FLIGHT
