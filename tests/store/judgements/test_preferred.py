import factories.rows as put
import pytest
from sqlalchemy import Connection, select

from tierwatch.store.judgements.preferred import preferred_of, preferred_said
from tierwatch.store.schema.judgements import VerdictRow

CASES = [
    ("tie", "swap_disagreement", "inconclusive"),  # as earlier versions wrote it
    ("inconclusive", "swap_disagreement", "inconclusive"),
    ("tie", "pairwise", "tie"),
    ("served", "pairwise", "served"),
    (None, "pairwise", None),
]


@pytest.mark.parametrize(("stored", "basis", "said"), CASES)
def test_a_row_says_the_same_in_the_database_and_read(
    connection: Connection, stored: str | None, basis: str, said: str | None
) -> None:
    pair = put.add_exchange(connection, 1)
    put.add_verdict(connection, pair, stored, basis=basis)
    assert connection.execute(select(preferred_of(VerdictRow))).scalar_one() == said
    assert preferred_said(stored, basis) == said
