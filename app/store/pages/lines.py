"""What every list of a page shares: its length, and rows as mappings."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Executable

PAGE = 50


def rows(connection: Connection, query: Executable) -> list[Mapping[str, Any]]:
    """Rows as mappings from column name to value, ready to fill a dataclass."""
    return [
        {str(key): value for key, value in row.items()}
        for row in connection.execute(query).mappings()
    ]
