"""Unreadable: proposals and alerts whose evidence this version of tierwatch cannot read."""

from functools import lru_cache

import structlog

from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.store.proposals import Proposal

_log = structlog.get_logger(__name__)


def is_unreadable(proposal: Proposal) -> bool:
    """Whether this version cannot read what a proposal rests on; then it says so, once a process.

    Such a proposal is neither rolled out nor closed for its evidence: whoever wrote it can still
    read it. A person may reject it, and it expires as others do.
    """
    for document in (proposal.evidence, proposal.predicted):
        if isinstance(document, Unreadable):
            say_unreadable(f"proposal/{proposal.id}", document.reason)
            return True
    return False


@lru_cache(maxsize=1_024)
def say_unreadable(subject: str, why: str) -> None:
    """Log that an alert or a proposal is left alone; the first time only."""
    _log.warning("left alone: this version cannot read its evidence", subject=subject, why=why)
