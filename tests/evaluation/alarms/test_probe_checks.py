import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evalsets import probes
from tierwatch.evaluation.alarms.probe_checks import (
    check_passes,
    is_json,
    refuse_constant,
    same_json,
)

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


def passes(how: str, value: Any, reply: str) -> bool:
    return check_passes({"how": how, "value": value}, reply)


@pytest.mark.parametrize(
    ("value", "reply", "passed"),
    [
        (42, "42", True),
        (42, "The answer is 42.", True),
        (42, "**42**", True),
        (42, "First 7, then...42", True),
        (42, "42, of which 7 are red", False),
        (42, "", False),
        (42, "forty-two", False),
        (42, "x42", False),
        (1240, "$1,240.00", True),
        (1240, "1240 jars", True),
        (1240, "12,40", False),
        (1234567, "1,234,567", True),
        (35, "35%", True),
        (0.5, ".5", True),
        (0.5, "0.50", True),
        (-5, "-5", True),
        (-5, "\u22125", True),
        (-5, "-$5.", True),
        (5, "3-5", True),
        (-5, "5", False),
        (0, "0", True),
        (0, "0.0000001", False),
        (100_000, "1e5", True),
        (1_000_000, "1000000.9", True),  # .9 of 1,000,000 is less than 1e-6 of it
        (1_000_000, "1000001.1", False),
        (1, "9" * 400, False),
    ],
)
def test_the_last_number_counts(value: float, reply: str, passed: bool) -> None:  # noqa: FBT001 - a table
    assert passes("number", value, reply) is passed


@pytest.mark.parametrize(
    ("reply", "passed"),
    [
        ("B", True),
        ("b", False),
        ("B)", True),
        ("**B**", True),
        ("A is wrong, so Answer: B", True),
        ("B, not A", False),
        ("Bear", False),
        ("B2", False),
        ("", False),
        ("F", False),
    ],
)
def test_the_last_letter_that_stands_alone_counts(reply: str, passed: bool) -> None:  # noqa: FBT001 - a table
    assert passes("choice", "B", reply) is passed


@pytest.mark.parametrize(
    ("value", "reply", "passed"),
    [
        ("Friday", "  friday.\n", True),
        ("Friday", '"Friday"', True),
        ("Friday", '"Friday."', True),
        ("Friday", '"Friday".', True),
        ("Friday", "“Friday”", True),
        ("Friday", "Friday..", False),
        ("Friday", '"Friday.".', False),
        ("Friday", "It is Friday", False),
        ("Friday", "", False),
        ("##oak", "##oak", True),
        ("Straße", "STRASSE", True),
        ("Yes.", "yes", True),
        ("word", '"', False),
    ],
)
def test_exact_forgives_case_quotes_and_one_dot(value: str, reply: str, passed: bool) -> None:  # noqa: FBT001 - a table
    assert passes("exact", value, reply) is passed


def test_contains_wants_every_text_as_whole_words() -> None:
    assert passes("contains", ["red", "Blue sea"], "The RED boat on the blue\n sea!")
    assert not passes("contains", ["red"], "hundred")
    assert not passes("contains", ["red", "green"], "red only")
    assert not passes("contains", ["red"], "")
    assert passes("contains", ["c++"], "I write C++, often")


def test_lacks_wants_all_of_the_first_and_none_of_the_second() -> None:
    value = {"contains": ["owl"], "lacks": ["the", "a"]}
    assert passes("lacks", value, "Owl flies")
    assert not passes("lacks", value, "The owl flies")
    assert not passes("lacks", value, "Nothing flies")
    assert passes("lacks", {"contains": [], "lacks": ["the"]}, "")


def test_regex_matches_the_whole_trimmed_reply() -> None:
    assert passes("regex", r"19:45\.?", " 19:45.\n")
    assert not passes("regex", r"19:45", "at 19:45")
    assert passes("regex", r"", "  ")
    assert passes("regex", r"a*", "a" * 4_000)
    assert not passes("regex", r"a*", "a" * 4_001)


@pytest.mark.parametrize(
    ("value", "reply", "passed"),
    [
        ({"a": [1, None, "x"]}, '{"a": [1, null, "x"]}', True),
        ({"a": 1, "b": 2}, '```json\n{"b": 2, "a": 1}\n```', True),
        ([1], "```\n[1]```", True),
        ([1], "[1] as asked", False),
        ([1], "```[1]```", False),
        (6, "6.0", True),
        (1, "true", False),
        (True, "1", False),
        (False, "false", True),
        (None, "null", True),
        (None, "", False),
        ([], "{}", False),
        ({}, "[]", False),
        ([1, 2], "[1]", False),
        ({"a": 1}, '{"a": 1, "b": 2}', False),
        ({"a": 1}, '{"a": "1"}', False),
        ([0], "[NaN]", False),
        ([0], "[Infinity]", False),
        ([0], "[" * 200_000, False),
        (0, "1" * 200_000, False),
    ],
)
def test_json_is_that_value_exactly(value: Any, reply: str, passed: bool) -> None:  # noqa: FBT001 - a table
    assert passes("json", value, reply) is passed


CHECKS: list[tuple[str, Any]] = [
    ("number", 7),
    ("choice", "C"),
    ("exact", "word"),
    ("contains", ["word", "two words"]),
    ("lacks", {"contains": ["x"], "lacks": ["y"]}),
    ("regex", r"(?:[a-z]+,? ){5,}[a-z]+\."),
    ("json", {"a": [1]}),
]


@pytest.mark.parametrize(("how", "value"), CHECKS)
@pytest.mark.parametrize(
    "reply",
    [
        "\0" * 200_000,
        "\ud800" * 200_000,
        "1," * 100_000,
        "1" * 200_000,
        ".1" * 100_000,
        "A " * 100_000,
        "[" * 200_000,
        '{"a":' * 40_000,
        "word " * 40_000,
        '"' * 200_000,
        "```\n" * 50_000,
        "\u0301" * 200_000,
    ],
    ids=lambda reply: ascii(reply[:4]),
)
def test_any_reply_is_answered_in_bounded_time(how: str, value: Any, reply: str) -> None:
    began = time.process_time()
    assert passes(how, value, reply) in {True, False}
    # A tenth of a second is usual; two leave room for a busy machine.
    assert time.process_time() - began < 2


@settings(max_examples=200)
@given(check=st.sampled_from(CHECKS), reply=st.text(st.characters(exclude_categories=())))
def test_no_reply_raises(check: tuple[str, Any], reply: str) -> None:
    assert passes(*check, reply) in {True, False}


@pytest.mark.parametrize(
    ("how", "value", "words"),
    [
        ("number", "7", "finite number"),
        ("number", True, "finite number"),
        ("number", math.nan, "finite number"),
        ("number", math.inf, "finite number"),
        ("choice", "b", "capital letter"),
        ("choice", "", "capital letter"),
        ("choice", "AB", "capital letter"),
        ("choice", 1, "capital letter"),
        ("exact", "", "text"),
        ("exact", 5, "text"),
        ("contains", [], "at least one"),
        ("contains", "word", "list of texts"),
        ("contains", [" "], "list of texts"),
        ("lacks", ["x"], "'contains' and 'lacks'"),
        ("lacks", {"lacks": ["x"]}, "'contains' and 'lacks'"),
        ("lacks", {"contains": ["x"], "lacks": []}, "at least one"),
        ("lacks", {"contains": "x", "lacks": ["y"]}, "list of texts"),
        ("regex", 5, "regular expression"),
        ("regex", "(", "no regular expression"),
        ("regex", "(a+)+", "repeats a repeat"),
        ("regex", "(?:a+b?)*", "repeats a repeat"),
        ("regex", "([a-z]*){2,}", "repeats a repeat"),
        ("json", {1: 2}, "JSON value"),
        ("json", [math.nan], "JSON value"),
        ("json", {"a": object()}, "JSON value"),
        ("looks_nice", 1, "number, choice, exact, contains, lacks, regex, json"),
        (None, 1, "number, choice"),
        (["number"], 1, "number, choice"),
    ],
)
def test_a_bad_check_says_what_is_accepted(how: Any, value: Any, words: str) -> None:
    for reply in ("", "7"):
        with pytest.raises(EvidenceError, match=words):
            passes(how, value, reply)


def test_a_check_without_how_or_value_is_refused() -> None:
    with pytest.raises(EvidenceError, match="'how'"):
        check_passes({}, "7")
    with pytest.raises(EvidenceError, match="no 'value'"):
        check_passes({"how": "json"}, "null")


def test_the_set_that_ships_answers_its_own_checks() -> None:
    items = probes().items
    assert len(items) >= 120
    for probe in items:
        assert check_passes(probe.check, probe.answer), probe.id
        assert not check_passes(probe.check, probe.wrong), probe.id


def test_no_pattern_that_ships_runs_away() -> None:
    patterns = [probe for probe in probes().items if probe.check["how"] == "regex"]
    assert patterns
    for probe in patterns:
        answer = probe.answer
        for unit in (
            answer,
            answer + " ",
            answer[:-1],
            answer[0] + "\n",
            "a",
            "a ",
            "1",
            "*`",
            "\n",
        ):
            reply = (unit * 4_000)[:3_999] + "!"
            began = time.process_time()
            check_passes(probe.check, reply)
            assert time.process_time() - began < 2, (probe.id, unit)


@given(values)
def test_a_value_that_json_writes_and_reads_is_the_same(value: Any) -> None:
    assert is_json(value)
    assert same_json(value, json.loads(json.dumps(value)))


@given(values, values)
def test_being_the_same_goes_both_ways(one: Any, other: Any) -> None:
    assert same_json(one, other) == same_json(other, one)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (1, True),
        (False, 0),
        ([1], [True]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"b": 1}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ([], {}),
        ({}, []),
        ("6", 6),
        (None, False),
    ],
)
def test_what_only_looks_alike_is_not_the_same(wanted: Any, said: Any) -> None:
    assert not same_json(wanted, said)


@pytest.mark.parametrize(("wanted", "said"), [(6, 6.0), ((1, 2), [1, 2]), ({"a": []}, {"a": []})])
def test_numbers_and_lists_of_other_types_are_the_same(wanted: Any, said: Any) -> None:
    assert same_json(wanted, said)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, {1: "a"}, {"a": {2: 3}}, [object()], {"a", "b"}, b"bytes"]
)
def test_what_json_cannot_write_is_none(value: Any) -> None:
    assert not is_json(value)


def test_constants_beyond_json_are_refused_while_reading() -> None:
    for text in ("[NaN]", "-Infinity", '{"a": Infinity}'):
        with pytest.raises(ValueError, match="is not JSON"):
            json.loads(text, parse_constant=refuse_constant)
