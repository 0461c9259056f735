"""JSON that was asked for, in a fence or after a byte order mark."""

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.answers.fenced_json import BareStream, asks_for_json, bare_answer, bare_json

JSON = '{"code": "```py\\nx\\n```"}'
SAID = [
    (f"```json\n{JSON}\n```", JSON),
    (f"```\n{JSON}```", JSON),
    (f" \n```JSON \r\n{JSON}\n```\n\n", JSON),
    (f"\ufeff{JSON}", JSON),
    (f"\ufeff```json\n{JSON}\n```", JSON),
    (f"```json\n```json\n{JSON}\n```\n```", f"```json\n{JSON}\n```"),  # once
    (JSON, JSON),
    (f"Here it is:\n```json\n{JSON}\n```", f"Here it is:\n```json\n{JSON}\n```"),
    ("", ""),
    ("`", "`"),
    ("  ", "  "),
]


@pytest.mark.parametrize(("said", "bare"), SAID)
def test_one_fence_is_taken_off(said: str, bare: str) -> None:
    assert bare_json(said) == bare


def streamed(pieces: list[str]) -> str:
    stream = BareStream()
    return "".join([stream.feed(piece) for piece in pieces]) + stream.end()


@pytest.mark.parametrize(("said", "bare"), SAID)
def test_a_stream_is_bare_however_it_is_cut(said: str, bare: str) -> None:
    assert streamed([said]) == streamed(list(said)) == bare


@given(st.sampled_from([said for said, _ in SAID]) | st.text("`\n j{}\ufeff"), st.data())
def test_cuts_change_nothing(said: str, data: Any) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(said)), max_size=5)) | {0, len(said)})
    assert streamed([said[a:b] for a, b in pairwise(places)]) == streamed([said])


def test_a_stream_holds_back_little() -> None:
    stream = BareStream()
    assert stream.feed("```json\n") == ""
    assert stream.feed('{"a": "x y') == '{"a": "x y'
    assert stream.feed(' `z` w"}') == ' `z` w"}'
    assert stream.feed("\n``") == ""
    assert stream.feed("`") == ""
    assert stream.end() == ""
    plain = BareStream()
    assert plain.feed('{"a"') == '{"a"'
    assert plain.feed("```") == "```"


def test_a_fence_that_was_cut_loses_its_beginning_alone() -> None:
    assert streamed(["```json\n", '{"a": ', "1"]) == '{"a": 1'


def test_a_long_first_line_is_no_fence() -> None:
    said = "```" + "x" * 60
    assert streamed([said]) == streamed(list(said)) == said


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"response_format": {"type": "json_object"}}, True),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, True),
        ({"output_config": {"format": {"type": "json_schema"}}}, True),
        ({"text": {"format": {"type": "json_schema"}}}, True),
        ({"response_format": {"type": "text"}}, False),
        ({"output_config": {"effort": "low"}}, False),
        ({"text": "x", "response_format": 3}, False),
        ({}, False),
    ],
)
def test_json_is_asked_for_on_every_wire(request_: dict[str, Any], *, asked: bool) -> None:
    assert asks_for_json(request_) is asked


FENCED = "```json\n{}\n```"


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"content": FENCED}}, {"message": {"content": FENCED}}]},
        {"content": [{"type": "thinking"}, {"type": "text", "text": FENCED}], "x": 1},
    ],
)
def test_a_whole_answer_is_bare_and_the_old_one_stays(answer: dict[str, Any]) -> None:
    before = copy.deepcopy(answer)
    bare = bare_answer(answer)
    assert "```" not in repr(bare)
    assert repr(bare).replace("{}", FENCED.replace("\n", "\\n"), 1)
    assert bare.keys() == answer.keys()
    assert answer == before
    assert bare_answer(bare) is bare


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": [{"message": None}, "x"]},
        {"choices": [{"message": {"content": [{"text": FENCED}]}}]},
        {"content": [{"type": "text", "text": FENCED}, {"type": "text", "text": "x"}]},
        {"content": [{"type": "text"}]},
    ],
)
def test_what_is_no_single_text_stays_as_it_is(answer: dict[str, Any]) -> None:
    assert bare_answer(answer) is answer


@pytest.mark.parametrize("begin", ["", "```json\n", '```json\n{"a": 1', "{"])
def test_white_space_without_end_is_neither_held_back_nor_read_again(begin: str) -> None:
    """As models write it that are held to JSON. Each sign costs the same, however many came."""
    blank = "\n   " * 50_000
    assert bare_json(begin + blank) in (begin + blank, begin)
    stream = BareStream()
    said = stream.feed(begin)
    for _ in range(2_000):
        said += stream.feed(blank[:100])
    assert len(said) > 190_000
    assert (said + stream.end()).strip().startswith(begin.removeprefix("```json\n"))
