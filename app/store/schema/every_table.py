"""Every table of tierwatch at once: what Alembic compares a database with."""

from sqlalchemy import MetaData

from tierwatch.store.schema import (
    checks,
    exchanges,
    judgements,
    learned,
    outbox,
    people,
    policies,
    proposals,
    traffic,
    work,
)
from tierwatch.store.schema.declarative import Base

# A table is known to the metadata once its module was imported: each stands here by name.
SUBJECTS = (
    checks,
    exchanges,
    judgements,
    learned,
    outbox,
    people,
    policies,
    proposals,
    traffic,
    work,
)

METADATA: MetaData = Base.metadata
