"""What an id belongs to: whatever somebody has in hand comes in, what it names goes out.

Ids are told apart by their form, so that each costs one or two statements on an index. A trace has
none; it is looked for among the newest exchanges alone.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, String, cast, literal, select, union_all

from tierwatch.store.schema.exchanges import ExchangeRow, ExchangeTextRow
from tierwatch.store.schema.people import UserRow
from tierwatch.store.schema.policies import PolicyRow
from tierwatch.store.schema.proposals import AlertRow, ProposalRow
from tierwatch.store.traced.their_span import TRACE, TRACEPARENT

Kind = Literal["alert", "proposal", "policy", "pair", "session", "user"]

LONGEST: Final = 300
# Read backwards from the newest in some tens of milliseconds.
_NEWEST_TRACES: Final = 20_000
# More than one pair only where a few digits of an id were typed.
_MOST_PAIRS: Final = 10
_BIGGEST: Final = 2**63 - 1
_NUMBERED: Final[Mapping[Kind, Any]] = {
    "alert": AlertRow.id,
    "proposal": ProposalRow.id,
    "policy": PolicyRow.version,
}
_NAMED: Final = re.compile(r"(alert|proposal|polic(?:y|ie))s?[\s/#:]*([0-9]{1,19})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"#?([0-9]{1,19})")
# Whole, its beginning, or as lists shorten it: 01a22996…7c20.
_PAIR: Final = re.compile(r"([0-9a-f]{8,32})(?:(?:…|\.\.\.)([0-9a-f]{0,12}))?", re.IGNORECASE)
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.IGNORECASE)
_HEX_OF_ID: Final = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What an id names; ``id`` is as its page has it in its address."""

    kind: Kind
    id: str


def search(connection: Connection, asked: str) -> list[Found]:
    """What this id names; several where it says no more, none where it is no id that is known."""
    given = asked.strip()[:LONGEST]
    return list(_found(connection, given)) if given else []


def _found(connection: Connection, given: str) -> Iterator[Found]:
    trace = _TRACEPARENT.fullmatch(given)
    if trace is not None:
        yield from _of_trace(connection, trace[1].lower())
        return
    if named := _NAMED.fullmatch(given):
        kind = named[1].lower()
        yield from _numbered(connection, named[2], "policy" if kind.startswith("pol") else kind)
        return
    if number := _NUMBER.fullmatch(given):
        yield from _numbered(connection, number[1])
    bare = given.replace("-", "")
    if shaped := _PAIR.fullmatch(bare):
        pairs = _pairs(connection, shaped[1].lower(), (shaped[2] or "").lower())
        yield from pairs
        if not pairs and len(bare) == _HEX_OF_ID:
            yield from _of_trace(connection, bare.lower())
    yield from _of_session(connection, given)
    if connection.execute(select(UserRow.name).where(UserRow.name == given)).first():
        yield Found("user", given)


def _numbered(connection: Connection, digits: str, kind: str = "") -> list[Found]:
    number = int(digits)
    if number > _BIGGEST:
        return []
    each = [
        select(literal(name).label("kind")).where(column == number)
        for name, column in _NUMBERED.items()
        if kind in {"", name}
    ]
    kinds = set(connection.execute(union_all(*each)).scalars())
    return [Found(name, str(number)) for name in _NUMBERED if name in kinds]


def _pairs(connection: Connection, begins: str, ends: str) -> list[Found]:
    low, high = (uuid.UUID(begins.ljust(_HEX_OF_ID, digit)) for digit in "0f")
    query = select(ExchangeRow.id).where(ExchangeRow.id.between(low, high))
    if ends:
        query = query.where(cast(ExchangeRow.id, String).like(f"%{ends}"))
    found = connection.execute(query.order_by(ExchangeRow.id.desc()).limit(_MOST_PAIRS))
    return [Found("pair", str(one)) for one in found.scalars()]


def _of_session(connection: Connection, session: str) -> list[Found]:
    found = connection.execute(
        select(ExchangeRow.session).where(ExchangeRow.session == session).limit(1)
    )
    return [Found("session", session)] if found.first() else []


def _of_trace(connection: Connection, trace: str) -> list[Found]:
    newest = (
        select(
            ExchangeTextRow.id,
            ExchangeTextRow.headers[TRACEPARENT].astext.label("parent"),
            ExchangeTextRow.headers[TRACE].astext.label("trace"),
        )
        .order_by(ExchangeTextRow.id.desc())
        .limit(_NEWEST_TRACES)
    ).subquery()
    found = connection.execute(
        select(newest.c.id)
        .where(newest.c.parent.like(f"00-{trace}-%") | (newest.c.trace == trace))
        .limit(_MOST_PAIRS)
    )
    return [Found("pair", str(one)) for one in found.scalars()]
