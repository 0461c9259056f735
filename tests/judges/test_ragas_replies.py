import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.ragas_replies import incomplete, read_object


class Statements(BaseModel):
    """As ragas 0.4.3 names and types it, like the two below."""

    statements: list[str]


class Checked(BaseModel):
    statement: str
    reason: str = ""
    verdict: int


class Verdicts(BaseModel):
    statements: list[Checked]


class Asked(BaseModel):
    question: str
    noncommittal: int


@pytest.mark.parametrize(
    "reply",
    [
        '{"statements": ["a"]}',
        'Here:\n```json\n{"statements": ["a"]}\n``` Done.',
        '<think>{"statements": ["b"]}</think>{"statements": ["a"]}',
        '{"statements": [\n"a"\n]}',
    ],
)
def test_the_object_is_found(reply: str) -> None:
    assert read_object(reply, Statements).statements == ["a"]


def test_mathematics_and_line_breaks_count_as_they_stand() -> None:
    reply = '{"statements": ["By \\(x\\) it\nholds", "C:\\Users"]}'
    assert read_object(reply, Statements).statements == ["By \\(x\\) it\nholds", "C:\\Users"]


@pytest.mark.parametrize(
    "reply",
    ["", "no", "{", '{"statements": "a"}', '{"verdicts": []}', "{" * 5_000, '{"a":' * 5_000],
)
def test_what_is_no_such_object_is_unreadable(reply: str) -> None:
    with pytest.raises(UnreadableVerdictError):
        read_object(reply, Statements)


@given(st.text())
def test_any_reply_is_read_or_unreadable(reply: str) -> None:
    with contextlib.suppress(UnreadableVerdictError):
        assert isinstance(read_object(reply, Asked), Asked)


def verdicts(*said: tuple[str, Any]) -> Verdicts:
    return Verdicts.model_validate(
        {"statements": [{"statement": text, "verdict": verdict} for text, verdict in said]}
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (verdicts(("One.", 1), ("Two.", 0)), ""),
        (verdicts(("two", "0"), (" one", True)), ""),  # in another order, otherwise written
        (verdicts(("One.", 1)), "1 verdicts for 2 statements"),
        (verdicts(("One.", 1), ("Two.", 0), ("Three.", 1)), "3 verdicts for 2"),
        (verdicts(("One.", 1), ("One.", 0)), "two verdicts for one statement"),
        (verdicts(("One.", 1), ("Two.", 2)), "a verdict is 2"),
        (verdicts(("One.", -1), ("Two.", 0)), "a verdict is -1"),
        (verdicts(), "0 verdicts for 2"),
        (Statements(statements=["x"]), ""),
        (Asked(question="?", noncommittal=1), ""),
        (Asked(question="?", noncommittal=7), "noncommittal is 7"),
        (Asked(question="", noncommittal=0), "no question"),
    ],
)
def test_a_list_of_verdicts_is_complete_and_0_or_1(said: BaseModel, why: str) -> None:
    found = incomplete(said, ["One.", "Two."])
    assert why in found
    assert bool(found) == bool(why)
