"""Calls of a stream as the wire has them, however a server numbered and named them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.answers.call_pieces import CallPieces, arguments_text, made_id

CHUNK = {"id": "chatcmpl-1", "created": 7}


def put(*pieces: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The calls as (id, name, arguments), as a client adds them up."""
    settle, calls = CallPieces(), {}
    for piece in pieces:
        settled = settle.settled(piece, CHUNK)
        call = calls.setdefault(settled["index"], {"id": "", "name": "", "arguments": ""})
        call["id"] += settled.get("id") or ""
        call["name"] += settled["function"].get("name") or ""
        call["arguments"] += settled["function"]["arguments"]
    assert list(calls) == list(range(len(calls)))
    return [(call["id"], call["name"], call["arguments"]) for call in calls.values()]


def said(name: str | None = None, arguments: Any = "", **more: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"function": function, **more}


BERN, ROME = ('{"city":"Bern"}', '{"city":"Rome"}')


@pytest.mark.parametrize(
    "pieces",
    [
        # As the wire has it: interleaved too.
        [said("w", "", index=0, id="a"), said("w", "", index=1, id="b"),
         said(None, BERN, index=0), said(None, ROME[:3], index=1), said(None, ROME[3:], index=1)],
        # All under one index, each with its own id.
        [said("w", BERN, index=0, id="a"), said("w", ROME, index=0, id="b")],
        # No index, an id in each piece, interleaved.
        [said("w", BERN[:4], id="a"), said("w", ROME[:4], id="b"),
         said(None, BERN[4:], id="a"), said(None, ROME[4:], id="b")],
        # The id and the name in each piece.
        [said("w", part, index=at, id="ab"[at])
         for at, whole in enumerate((BERN, ROME)) for part in (whole[:5], whole[5:])],
        # No index; the id where a call begins.
        [said("w", BERN[:5], id="a"), said(None, BERN[5:]), said("w", ROME, id="b")],
    ],
)  # fmt: skip
def test_calls_with_ids_keep_them(pieces: list[dict[str, Any]]) -> None:
    assert put(*pieces) == [("a", "w", BERN), ("b", "w", ROME)]


@pytest.mark.parametrize(
    "pieces",
    [
        [said("w", BERN), said("w", ROME)],
        [said("w", BERN, index=0), said("w", ROME, index=0)],
        [said("w", BERN, index=0), said("w", ROME, index=1)],
        [said("w", json.loads(BERN)), said("w", json.loads(ROME))],
        [said("w"), said(None, BERN), said("w"), said(None, ROME)],
        [said("w", BERN[:5]), said(None, BERN[5:]), said("w", ROME[:5]), said(None, ROME[5:])],
        [said("w", BERN[:5]), said("w", BERN[5:]), said("w", ROME[:5]), said("w", ROME[5:])],
        [said("w", BERN, id=""), said("w", ROME, id=None)],
        [said("w", BERN, id="same", index=0), said("w", ROME, id="same", index=1)],
        [said("w", BERN), said(None, ROME)],  # more after whole arguments: the same tool again
        [said("w", BERN), said(None, " "), said("w", ROME)],
        [said("w", "", index=0), said("w", BERN, index=0), said("w", ROME, index=1)],
        [said("w", BERN, index="0"), said("w", ROME, index=True)],
    ],
)
def test_calls_without_ids_are_kept_apart_and_given_some(pieces: list[dict[str, Any]]) -> None:
    calls = put(*pieces)
    assert [(name, given.strip()) for _, name, given in calls] == [("w", BERN), ("w", ROME)]
    assert len({call_id for call_id, _, _ in calls}) == 2
    assert all(call_id for call_id, _, _ in calls)


def test_another_name_is_another_call_whatever_was_said_of_the_first() -> None:
    calls = put(said("a", "", index=0), said("b", "{}", index=0))
    assert [call[1:] for call in calls] == [("a", ""), ("b", "{}")]


def test_an_object_within_arguments_is_no_new_call() -> None:
    pieces = ['{"a":', '{"b":1}', ",", '"c":', "{}", "}"]
    calls = put(said("w", "", index=0, id="a"), *[said(None, one, index=0) for one in pieces])
    assert calls == [("a", "w", "".join(pieces))]


def test_what_looks_whole_again_and_again_is_not_parsed_for_ever() -> None:
    settle = CallPieces()
    settle.settled(said("w", '{"a": "}', index=0), CHUNK)
    for _ in range(2_000):
        settle.settled(said(None, "{}", index=0), CHUNK)
    assert settle.settled(said(None, "}", index=0), CHUNK)["index"] == 0


def test_arguments_of_megabytes_are_not_kept() -> None:
    settle = CallPieces()
    for piece in [said("w", "{", index=0), *[said(None, "x" * 9_999, index=0)] * 100]:
        assert settle.settled(piece, CHUNK)["index"] == 0


@given(
    st.lists(
        st.tuples(st.sampled_from("fg"), st.dictionaries(st.text(max_size=3), st.text(max_size=3))),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_what_is_settled_stays_so(calls: list[tuple[str, dict[str, str]]], data: Any) -> None:
    pieces = []
    for place, (name, wanted) in enumerate(calls):
        text = json.dumps(wanted)
        cut = data.draw(st.integers(0, len(text)))
        head = {"index": place, "id": f"id{place}", "type": "function"}
        pieces += [said(name, text[:cut], **head), said(None, text[cut:], index=place)]
    settle, again = CallPieces(), CallPieces()
    for piece in pieces:
        once = settle.settled(piece, CHUNK)
        assert once is piece  # the wire's own form is left alone
        assert again.settled(once, CHUNK) == once


JUNK = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=1)


@given(st.lists(st.fixed_dictionaries({}, optional={
    "index": JUNK, "id": JUNK, "type": JUNK, "custom": JUNK,
    "function": JUNK | st.fixed_dictionaries({}, optional={"name": JUNK, "arguments": JUNK}),
}), max_size=5))  # fmt: skip
def test_junk_never_breaks_it(pieces: list[dict[str, Any]]) -> None:
    settle = CallPieces()
    for piece in pieces:
        settled = settle.settled(piece, CHUNK)
        assert isinstance(settled["index"], int)
        assert isinstance(settled["function"]["arguments"], str)


def test_a_made_id_is_one_answers_own() -> None:
    one = made_id(CHUNK, 0, "f")
    assert one == made_id(dict(CHUNK), 0, "f")
    assert one not in {made_id(CHUNK, 1, "f"), made_id({"id": "chatcmpl-2", "created": 7}, 0, "f")}
    assert len(one) <= 40
    assert made_id({}, 0, "\ud800")


def test_arguments_of_any_kind_become_text() -> None:
    assert [arguments_text(one) for one in ("{", {}, {"a": [1]}, None, 3)] == [
        "{", "{}", '{"a":[1]}', "", "3",
    ]  # fmt: skip
