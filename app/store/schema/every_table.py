"""Every table of tierwatch at once: what Alembic compares a database with."""

from tierwatch.store.schema import (
    bursts,
    checks,
    exchanges,
    judgements,
    learned,
    outbox,
    people,
    policies,
    proposals,
    signals,
    traffic,
    work,
)
from tierwatch.store.schema.declarative import METADATA

# A table is known to the metadata once its module was imported: each stands here by name.
SUBJECTS = (
    bursts,
    checks,
    exchanges,
    judgements,
    learned,
    outbox,
    people,
    policies,
    proposals,
    signals,
    traffic,
    work,
)

__all__ = ["METADATA", "SUBJECTS"]
