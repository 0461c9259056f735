"""Whether Postgres is away, in the widest sense: no batch could be written now, but later."""

from typing import Final

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
    ResourceClosedError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tierwatch.faults import sqlstate_of

# Classes of SQLSTATE (the first two characters) that speak of the server, its state or its schema
# and not of what was to be written.
_AWAY_CLASSES: Final = frozenset(
    {
        "08",  # connection
        "25",  # transaction state: read-only after a failover, or to protect a full disk
        "26",  # a pooler between us and it lost a prepared statement
        "28",  # the role may not log in
        "3D",  # no such database
        "40",  # rolled back for another's sake: serialization, deadlock
        "42",  # tables or columns are missing until somebody migrates; privilege is missing
        "53",  # resources: disk full, out of memory, too many connections
        "55",  # a lock was not to be had
        "57",  # an operator or a time-out intervened; starting up, shutting down
        "58",  # its system: input or output failed
        "F0",  # its configuration file
        "XX",  # internal: an index or a page is damaged
    }
)


def is_away(error: BaseException) -> bool:
    """Whether the same batch may be written later, when somebody has mended something.

    What is left is about the batch itself: a value that is out of range, a text no column takes.
    """
    code = sqlstate_of(error)
    if code:
        return code[:2] in _AWAY_CLASSES
    if isinstance(error, DBAPIError):
        # Without a code it came from the driver: it refuses a value, or has no connection.
        of_the_value = (DataError, IntegrityError, ProgrammingError, NotSupportedError)
        return error.connection_invalidated or not isinstance(error, of_the_value)
    return isinstance(error, (PoolTimeoutError, PendingRollbackError, ResourceClosedError, OSError))


def is_timeout(error: BaseException) -> bool:
    """Whether Postgres ended a statement that took too long (or somebody there cancelled it)."""
    return sqlstate_of(error) == "57014"
