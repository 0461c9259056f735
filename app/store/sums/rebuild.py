"""The sums, made again of the rows that they add up: what they must be, and a way to mend them."""

import datetime as dt

from sqlalchemy import Engine, text

_DAYS = text(
    "select distinct date_trunc('day', arrival_of(exchange_id), 'UTC') from outcomes order by 1"
)
_REBUILD = text("select rebuild_outcome_sums(:since, :until)")


def rebuild_sums(engine: Engine) -> int:
    """Add the outcomes of every day up anew, and return how many days that were.

    A day is a transaction of its own, and whoever judges waits for as long as it takes. Sums of
    days whose outcomes are gone stay as they are; what conversations had on such a day no longer
    counts with what they have later.
    """
    with engine.connect() as connection:
        days: list[dt.datetime] = list(connection.execute(_DAYS).scalars())
    for day in days:
        with engine.begin() as connection:
            connection.execute(_REBUILD, {"since": day, "until": day + dt.timedelta(days=1)})
    return len(days)
