"""What narrows and orders a list of pairs, as conditions that indexes answer."""

import datetime as dt
import string
import uuid
from collections.abc import Iterator
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    cast,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONPATH

from tierwatch.store.pages.pair_filter import PairFilter
from tierwatch.store.schema.exchanges import AlternativeTextRow, ExchangeRow, ExchangeTextRow
from tierwatch.store.traffic.exchanges import first_id

# Columns of a value with an index that the id ends, so that pages of equal values go on.
_LARGEST: Final = {"cost": ExchangeRow.cost_usd, "latency": ExchangeRow.latency_ms}
_WORDS_OF: Final = (
    (ExchangeTextRow.id, ExchangeTextRow.request),
    (ExchangeTextRow.id, ExchangeTextRow.answer),
    (AlternativeTextRow.id, AlternativeTextRow.answer),
)
# Messages stand in a list of another name on each wire; a text is a string, or a part with one.
_USERS_TEXTS: Final = (
    '$.*[*] ? (@.role == "user").content[*] ? (@.type() == "string" || exists(@.text))'
)
# As the function has it that reads stored texts: no mark is part of a word.
_BLANKS: Final = str.maketrans(dict.fromkeys(string.punctuation.replace("_", ""), " "))
_FIRST_LETTERS: Final = 160
# Days of the newest matches that a search goes through first, then next, then the rest. All that a
# word stands in is fetched before it can be put in order: of a day that is little, whatever the
# word, and where a day has a page of them the rest is never touched.
_DAYS: Final = (1, 7, 56)


def conditions_of(wanted: PairFilter) -> list[ColumnElement[bool]]:
    """Conditions on the exchange alone; those on its verdict are the list's own."""
    equal = (
        (ExchangeRow.id, wanted.id),
        (ExchangeRow.request_no, wanted.request_no),
        (ExchangeRow.session, wanted.session),
        (ExchangeRow.tier, wanted.tier),
        (ExchangeRow.direction, wanted.direction),
        (ExchangeRow.task_type, wanted.task_type),
        (ExchangeRow.model, wanted.model),
        (ExchangeRow.policy_version, wanted.policy_version),
        (ExchangeRow.prompt_version, wanted.prompt_version),
        (ExchangeRow.client, wanted.client),
    )
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in equal if value is not None
    ]
    if wanted.direction is None and wanted.id is None:
        conditions.append(ExchangeRow.direction != "top")
    if wanted.since is not None:
        conditions.append(ExchangeRow.id >= first_id(wanted.since))
    if wanted.until is not None:
        conditions.append(ExchangeRow.id < first_id(wanted.until))
    if wanted.cost_from is not None:
        conditions.append(ExchangeRow.cost_usd >= wanted.cost_from)
    if wanted.latency_from is not None:
        conditions.append(ExchangeRow.latency_ms >= wanted.latency_from)
    return conditions


def order_of(sort: str) -> tuple[ColumnElement[uuid.UUID] | ColumnElement[float], ...]:
    """The columns that a list is sorted by; equal values in the order of arrival, newest first."""
    if sort == "oldest":
        return (ExchangeRow.id.asc(),)
    value = _LARGEST.get(sort)
    by_id = ExchangeRow.id.desc()
    return (by_id,) if value is None else (value.desc(), by_id)


def comes_after(pair_id: uuid.UUID, sort: str) -> ColumnElement[bool]:
    """Whether a pair stands behind this one in a list so sorted; a gone one ends the list."""
    if sort == "oldest":
        return ExchangeRow.id > pair_id
    value = _LARGEST.get(sort)
    if value is None:
        return ExchangeRow.id < pair_id
    at = select(value).where(ExchangeRow.id == pair_id).scalar_subquery()
    return tuple_(value, ExchangeRow.id) < tuple_(at, pair_id)


def asked_first_words() -> ColumnElement[str | None]:
    """The beginning of what the user said last, of the exchange beside it, on whichever wire.

    A subquery of the list's columns: it is asked for the rows of a page alone.
    """
    last = func.jsonb_path_query_array(ExchangeTextRow.request, cast(_USERS_TEXTS, JSONPATH)).op(
        "->"
    )(literal_column("-1"))
    said = case(
        (func.jsonb_typeof(last) == "string", last.op("#>>")(literal_column("'{}'::text[]"))),
        else_=last.op("->>")("text"),
    )
    plain = ExchangeTextRow.request.op("->>")("input")
    return (
        select(func.left(func.coalesce(said, plain), _FIRST_LETTERS))
        .where(ExchangeTextRow.id == ExchangeRow.id)
        .scalar_subquery()
    )


def windows(
    connection: Connection, wanted: PairFilter, before: uuid.UUID | None, sort: str
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Conditions under which the list is asked for, one after the other until a page is full.

    One that is empty without a text. With one, stretches of time from the newest on where the
    newest come first, else all at once.
    """
    if wanted.text is None:
        yield ()
        return
    if sort != "newest":
        yield (_says(wanted.text),)
        return
    upper = _upper(connection, wanted, before)
    end: uuid.UUID | None = None
    for days in _DAYS:
        start = first_id(upper - dt.timedelta(days=days))
        yield (_says(wanted.text, start, end), *_between(ExchangeRow.id, start, end))
        end = start
    yield (_says(wanted.text, None, end), *_between(ExchangeRow.id, None, end))


def _upper(connection: Connection, wanted: PairFilter, before: uuid.UUID | None) -> dt.datetime:
    """When the newest pair that may be on the page arrived."""
    last = select(ExchangeRow.id).order_by(ExchangeRow.id.desc()).limit(1)
    newest = before or connection.execute(last).scalar()
    moments = [dt.datetime.now(dt.UTC) if newest is None else _moment_of(newest)]
    return min([*moments, *([] if wanted.until is None else [wanted.until])])


def _moment_of(pair_id: uuid.UUID) -> dt.datetime:
    return dt.datetime.fromtimestamp((pair_id.int >> 80) / 1000, dt.UTC)


def _between(
    column: ColumnElement[uuid.UUID], start: uuid.UUID | None, end: uuid.UUID | None
) -> list[ColumnElement[bool]]:
    return [
        *([] if start is None else [column >= start]),
        *([] if end is None else [column < end]),
    ]


def _says(
    text: str, start: uuid.UUID | None = None, end: uuid.UUID | None = None
) -> ColumnElement[bool]:
    """Whether the question or one of the answers has the words.

    All of them, in any order: the index knows which, and not where, so a phrase would be looked for
    in every text that has its words, at 0.3 ms each. No word has other forms, for texts are of
    every language; writing without blanks is found by what stands between two marks.
    """
    asked = text.translate(_BLANKS)
    words = func.plainto_tsquery(literal_column("'pg_catalog.simple'::regconfig"), asked)
    found = union_all(
        *(
            select(row_id).where(
                func.tierwatch_words(document).bool_op("@@")(words),
                *_between(row_id, start, end),
            )
            for row_id, document in _WORDS_OF
        )
    )
    return ExchangeRow.id.in_(found)
