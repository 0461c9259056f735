"""What a stored verdict says: rows of earlier versions call contradicting orders a tie."""

from sqlalchemy import ColumnElement, and_, case

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.schema.judgements import VerdictRow


def preferred_of(row: type[VerdictRow]) -> ColumnElement[str | None]:
    """The word of a verdict: ``served``, ``alternative``, ``tie``, ``inconclusive``, or NULL."""
    contradicts = and_(row.basis == SWAP_DISAGREEMENT, row.preferred.is_not(None))
    return case((contradicts, "inconclusive"), else_=row.preferred)


def preferred_said(preferred: str | None, basis: str) -> str | None:
    """The same of a row that was read.

    >>> preferred_said("tie", "swap_disagreement"), preferred_said("tie", "pairwise")
    ('inconclusive', 'tie')
    """
    return "inconclusive" if preferred and basis == SWAP_DISAGREEMENT else preferred
