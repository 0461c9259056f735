"""A document: checked against a model, with a sentence for whatever is not accepted."""

from typing import Annotated, Literal

import pytest
from pydantic import BeforeValidator, Field

from tierwatch.routing.config.reading.document import (
    Document,
    Problem,
    config_error,
    not_accepted,
)
from tierwatch.routing.config.reading.fields import Name, Section, Share


class Inner(Section):
    name: Name = Field(description="What it is called.")
    share: Share = 0.5


class File(Section):
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    mode: Literal["a", "b"] = "a"
    flag: bool = False


LINES = {("inner",): 1, ("inner", "name"): 2, ("many",): 4, ("many", 0): 5, ("mode",): 7}


def document(**data: object) -> Document:
    return Document("f.yaml", data, LINES)


def sentences(**data: object) -> list[str]:
    found, problems = document(**data).check(File)
    assert found is None
    return [problem.sentence for problem in problems]


def test_a_file_that_is_accepted_is_its_model() -> None:
    found, problems = document(inner={"name": "x", "share": "70 %"}, mode="b").check(File)
    assert problems == []
    assert found == File(inner=Inner(name="x", share=0.7), mode="b")


def test_a_section_that_is_empty_counts_as_absent() -> None:
    found, problems = document(inner=None, mode=None).check(File)
    assert (found, problems) == (File(), [])


def test_sections_that_are_not_asked_for_are_left_unread() -> None:
    found, problems = document(mode="b", other=1).check(File, only={"mode"})
    assert (found, problems) == (File(mode="b"), [])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"mode": "c"}, "f.yaml:7: mode: found 'c'; accepted 'a' or 'b'"),
        ({"inner": 3}, "f.yaml:1: inner: found 3; accepted a mapping"),
        ({"many": {}}, "f.yaml:4: many: found an empty mapping; accepted a list"),
        ({"flag": 7}, "f.yaml:1: flag: found 7; accepted true or false"),
        (
            {"inner": {"share": 1}},
            "f.yaml:2: inner.name: found nothing; accepted What it is called.",
        ),
        (
            {"inner": {"name": "x", "share": 2}},
            (
                "f.yaml:1: inner.share: found 2; accepted a number from 0 to 1, such as 0.7, 70 %"
                " or Confidence < 0.7"
            ),
        ),
        (
            {"many": [{"name": "x", "nam": 1}]},
            (
                "f.yaml:5: many[0].nam: found an unknown key; accepted name, share (did you mean"
                " 'name'?)"
            ),
        ),
        ({"zzz": 1}, "f.yaml:1: zzz: found an unknown key; accepted flag, inner, many, mode"),
    ],
)
def test_a_problem_says_line_key_found_and_accepted(data: dict[str, object], sentence: str) -> None:
    assert sentences(**data) == [sentence]


def test_a_missing_key_is_placed_at_its_parents_line() -> None:
    assert document().problem(("many", 0, "name"), "x", "y").line == 5
    assert document().problem(("many", 3, "name"), "x", "y").line == 4
    assert document().problem(("nowhere",), "x", "y") == (
        1,
        "f.yaml:1: nowhere: found x; accepted y",
    )


def test_problems_are_listed_once_and_by_line() -> None:
    error = config_error([Problem(9, "z"), Problem(2, "b"), Problem(2, "a"), Problem(9, "z")])
    assert error.problems == ["a", "b", "z"]
    assert str(error) == "a\nb\nz"


def test_a_field_says_what_it_accepts() -> None:
    def even(value: object) -> object:
        if value != 2:
            raise not_accepted("two")
        return value

    class Strict(Section):
        n: Annotated[int, BeforeValidator(even)]

    found, problems = Document("f", {"n": 3}, {("n",): 8}).check(Strict)
    assert found is None
    assert [problem.sentence for problem in problems] == ["f:8: n: found 3; accepted two"]
