import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import pytest
from factories.documents import ANY_JSON, ESTIMATES, through_database
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.evidence.codec import MisreadError, plain, read
from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Inner:
    share: float


@dataclass(frozen=True, slots=True)
class Outer:
    """One field of each type that a document may have."""

    count: int
    name: str
    sure: bool
    way: Literal["up", "down"]
    inner: Inner
    maybe: float | None
    list_of: tuple[Inner, ...]
    two: tuple[float, float]
    by_name: Mapping[str, Inner]
    later: int = 7
    also_later: Mapping[str, float] = field(default_factory=dict)


WHOLE = {
    "count": 3,
    "name": "simple",
    "sure": True,
    "way": "up",
    "inner": {"share": 0.5},
    "maybe": None,
    "list_of": [{"share": 0.25}],
    "two": [1, 2.5],
    "by_name": {"sql": {"share": 1}},
    "later": 8,
    "also_later": {"a": 1},
}


def test_each_type_is_read_and_written_again() -> None:
    found = read(Outer, WHOLE)
    assert found == Outer(
        count=3,
        name="simple",
        sure=True,
        way="up",
        inner=Inner(0.5),
        maybe=None,
        list_of=(Inner(0.25),),
        two=(1.0, 2.5),
        by_name={"sql": Inner(1.0)},
        later=8,
        also_later={"a": 1.0},
    )
    assert plain(found) == WHOLE


def test_a_key_that_came_later_may_be_missing_and_an_unknown_one_is_passed_over() -> None:
    old = {name: value for name, value in WHOLE.items() if not name.endswith("later")}
    found = read(Outer, old | {"of a later version": 1})
    assert (found.later, found.also_later) == (7, {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 1.5}, "count: found 1.5; accepted is a whole number below 2^63"),
        ({"count": True}, "count: found true; accepted is a whole number below 2^63"),
        ({"count": 2**63}, "count: found a number beyond 2^63; accepted is a whole number"),
        ({"count": 10**5_000}, "count: found a number beyond 2^63"),
        ({"name": None}, "name: found null; accepted is a string"),
        ({"sure": 1}, "sure: found 1; accepted is true or false"),
        ({"way": "sideways"}, "way: found 'sideways'; accepted is up or down"),
        ({"way": []}, "way: found a list; accepted is up or down"),
        ({"inner": [0.5]}, "inner: found a list; accepted is an object"),
        ({"inner": {}}, "inner.share: missing"),
        ({"inner": {"share": "0.5"}}, "inner.share: found '0.5'; accepted is a number"),
        ({"maybe": math.nan}, "maybe: found NaN; accepted is a finite number"),
        ({"maybe": 10**400}, "maybe: found a number beyond 2^63; accepted is a number"),
        ({"list_of": {"0": 1}}, "list_of: found an object; accepted is a list"),
        ({"list_of": [{"share": 1}, None]}, "list_of[1]: found null; accepted is an object"),
        ({"two": [1]}, "two: found 1 items; accepted are 2"),
        ({"by_name": {"sql": 1}}, "by_name.sql: found 1; accepted is an object"),
        ({"by_name": None}, "by_name: found null; accepted is an object"),
        ({"name": ["x" * 9]}, "name: found a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, object], said: str) -> None:
    with pytest.raises(MisreadError) as problem:
        read(Outer, WHOLE | change)
    assert str(problem.value).startswith(said)


def test_a_long_string_is_cut_in_the_error() -> None:
    with pytest.raises(MisreadError) as problem:
        read(Inner, {"share": "x" * 10_000})
    assert len(str(problem.value)) < 120


def test_what_a_class_refuses_itself_is_a_misread() -> None:
    # 5 of 4 bad gold pairs caught.
    with pytest.raises(MisreadError, match=r"judge: 5\.0 of 4\.0 bad gold pairs caught"):
        read(JudgeErrors, {"caught": 5, "bad": 4, "cleared": 1, "good": 1}, "judge")


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert read(Outer, WHOLE | {"count": 3.0}).count == 3


@given(ESTIMATES)
def test_an_estimate_comes_back_open_ends_and_all(estimate: Estimate) -> None:
    assert read(Estimate, through_database(plain(estimate))) == estimate


def test_an_estimate_that_is_not_finite_is_written_as_none() -> None:
    # Postgres has no JSON for NaN and infinity.
    assert plain(Estimate(math.nan, -math.inf, math.inf, 0, "")) == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "method": "",
    }


@given(ANY_JSON, st.sampled_from(sorted(WHOLE)))
def test_any_json_at_any_key_is_read_or_a_misread(value: object, name: str) -> None:
    with suppress(MisreadError):
        read(Outer, WHOLE | {name: value})


def test_a_field_that_no_document_may_have_is_a_mistake_of_ours() -> None:
    @dataclass(frozen=True)
    class Wrong:
        names: set[str]

    with pytest.raises(TypeError, match="names: no document has a field of type"):
        read(Wrong, {"names": []})
