"""Since when there is any traffic; what was served along the time is `store.sums.served`'s."""

import datetime as dt
from typing import Final

from tierwatch.store.reading.one_row import Part

# The first minute of traffic that is kept; None before any.
FIRST_MINUTE: Final[Part[dt.datetime | None]] = Part(
    ("(select min(minute) from rollups)",), lambda at: at
)
