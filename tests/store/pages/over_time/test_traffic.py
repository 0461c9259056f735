"""Everything begins with the first minute that is kept."""

import datetime as dt

from factories.rows import NOW, add_rollup
from sqlalchemy import Connection

from tierwatch.store.pages.over_time.traffic import FIRST_MINUTE
from tierwatch.store.reading.one_row import read_part


def test_since_when_there_is_any(connection: Connection) -> None:
    assert read_part(connection, FIRST_MINUTE) is None
    add_rollup(connection, "simple", 1, minute=NOW + dt.timedelta(minutes=1))
    add_rollup(connection, "simple", 1, minute=NOW)
    assert read_part(connection, FIRST_MINUTE) == NOW
