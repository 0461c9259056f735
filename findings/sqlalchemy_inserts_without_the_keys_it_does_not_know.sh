#!/usr/bin/env bash
# What:   SQLAlchemy 2.1.9, `connection.execute(insert(Table), rows)`, where a row has a key that is no column: a name that
#         was misspelt, or a column that another release has.
# Guess:  it raises "Unconsumed column names", as insert(Table).values(...) does.
# Seen:   values() raises, for one row. Rows given as parameters are inserted without the key, one row or many, from an
#         ORM class or a Table, over a connection or a session; so is every row but the first of values([...]). Nothing
#         is raised or warned, and a nullable column stays empty.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sqlalchemy==2.1.9
cat > seen.py <<'PY'
import sys
import warnings

from sqlalchemy import create_engine, insert
from sqlalchemy.exc import CompileError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

warnings.simplefilter("error")


class Base(DeclarativeBase):
    """Tables."""


class Row(Base):
    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


def outcome(run):
    """Whether it inserted, on a database of its own."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        try:
            run(connection)
        except CompileError as problem:
            return str(problem)
    return "inserted"


WRONG, RIGHT = {"nmae": "ada"}, {"name": "bob"}
seen = {
    "values(**row)": outcome(lambda c: c.execute(insert(Row).values(**WRONG))),
    "one row": outcome(lambda c: c.execute(insert(Row), WRONG)),
    "rows": outcome(lambda c: c.execute(insert(Row), [WRONG | RIGHT, RIGHT])),
    "rows, the second wrong": outcome(lambda c: c.execute(insert(Row), [RIGHT, WRONG | RIGHT])),
    "rows into a Table": outcome(lambda c: c.execute(insert(Row.__table__), [WRONG | RIGHT, RIGHT])),
    "rows over a session": outcome(lambda c: Session(c).execute(insert(Row), [WRONG | RIGHT])),
    "values(rows), the second wrong": outcome(
        lambda c: c.execute(insert(Row).values([RIGHT, WRONG | RIGHT]))
    ),
}
for name, what in seen.items():
    print(f"{name}: {what}")
expected = dict.fromkeys(seen, "inserted") | {"values(**row)": "Unconsumed column names: nmae"}
sys.exit(seen != expected)
PY
venv/bin/python seen.py
