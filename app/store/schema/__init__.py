"""The tables, a module a subject; rows end in ``Row``. Asked by the rest of the store alone.

Migrations never import the tables: `alembic check` compares them with `every_table`. Append-only
are attempts, alternatives, verdicts, failures, outcomes and the audit. The stage of an exchange is
derived from which of those rows exist, so that no two processes can race on a counter;
``exchanges.ended_at`` is written once, in the transaction that adds the verdict or the failure, so
that unfinished work is found without reading the finished. Text lives apart from figures, in tables
cut by month: retention drops a partition and leaves every outcome in place.
"""
