"""A person's word on a pair, given for the answer shown first or second, becomes a label."""

import uuid

import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.compare.review import label_pair, shown_first


def mask(text: str) -> str:
    return text.replace("secret", "[KEY]")


PAIRS = [uuid.UUID(int=number) for number in range(200)]


def test_the_first_answer_is_now_one_and_now_the_other_but_stays_the_same() -> None:
    shown = [shown_first(pair, "ada") for pair in PAIRS]
    assert shown == [shown_first(pair, "ada") for pair in PAIRS]
    # 200 tosses: within four standard deviations (7 each) of a half.
    assert 72 <= shown.count("served") <= 128
    assert shown != [shown_first(pair, "bob") for pair in PAIRS]


@pytest.mark.parametrize("said", ["first", "second", "tie"])
def test_a_label_names_the_answer_and_not_the_place(engine: Engine, said: str) -> None:
    for pair in PAIRS[:10]:
        with engine.begin() as connection:
            label_pair(
                connection,
                pair,
                reviewer="ada",
                said=said,
                redact=mask,
                note="a secret \x00",
            )
    for row in rows(engine, "select * from labels"):
        first = shown_first(row.exchange_id, "ada")
        assert row.shown_first == first
        expected = {
            "first": first,
            "second": "alternative" if first == "served" else "served",
            "tie": "tie",
        }[said]
        assert row.preferred == expected
        assert "\x00" not in row.note
        assert row.note.startswith("a [KEY]")
    assert scalar(engine, "select count(*) from audit where action = 'pair.labelled'") == 10


def test_a_second_label_of_the_same_person_is_refused_and_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        label_pair(connection, PAIRS[0], reviewer="ada", said="tie", redact=mask)
    with engine.begin() as connection, pytest.raises(ConflictError, match="labelled pair"):
        label_pair(connection, PAIRS[0], reviewer="ada", said="first", redact=mask)
    assert scalar(engine, "select preferred from labels") == "tie"


@pytest.mark.parametrize(
    ("said", "note", "what"),
    [("best", "", "first, second or tie"), ("tie", "x" * 2_001, "at most 2,000")],
)
def test_other_words_and_endless_notes_are_refused(
    engine: Engine, said: str, note: str, what: str
) -> None:
    with engine.begin() as connection, pytest.raises(UsageError, match=what):
        label_pair(connection, PAIRS[0], reviewer="ada", said=said, redact=mask, note=note)
    assert scalar(engine, "select count(*) from labels") == 0
