"""What was done to a request, in words that a header and a metric take."""

import pytest

from tierwatch.wire.crossing.rewritten import Rewritten, left_out, rewritten, said_fields


def test_each_is_named_once_and_in_order() -> None:
    assert rewritten({"a": 1}, ["-b", "-a", "-b"]) == Rewritten({"a": 1}, ("-b", "-a"))
    assert rewritten({}, []) == Rewritten({}, ())


@pytest.mark.parametrize("name", ["a\r\nset-cookie: x", "", "a b", "n" * 41, "\u00e9", "a,b"])
def test_a_callers_invention_breaks_no_header(name: str) -> None:
    assert left_out([name]) == ["-unknown"]


def test_names_of_a_wire_are_named() -> None:
    assert left_out(["top_k", "tools.web_search_20250305", "x-anthropic-billing-header"]) == [
        "-top_k", "-tools.web_search_20250305", "-x-anthropic-billing-header",
    ]  # fmt: skip


def test_what_asks_for_nothing_says_nothing() -> None:
    nothing = {
        "n": 1,
        "logprobs": False,
        "store": None,
        "seed": 0,
        "presence_penalty": 0.0,
        "response_format": {"type": "text"},
        "modalities": ["text"],
        "stop": "",
        "x": {},
        "detail": "auto",
    }
    assert said_fields(nothing, frozenset()) == ["seed"]
    assert said_fields({"n": 2, "logprobs": True, "kept": 1}, frozenset({"kept"})) == [
        "n", "logprobs",
    ]  # fmt: skip
