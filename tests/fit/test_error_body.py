"""Error bodies of every make."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.fit.error_body import Said, said_in

INNER = {"message": "No.", "param": "seed"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": INNER}, [Said("No.", "", "seed")]),
        ([{"error": {"message": "No.", "status": "INVALID"}}], [Said("No.", "invalid")]),
        ({"type": "error", "error": {"type": "bad", "message": "No."}}, [Said("No.", "bad")]),
        ({"object": "error", "message": "No.", "code": 400}, [Said("No.")]),
        ({"error": "No."}, [Said("No.")]),
        ({"detail": "No."}, [Said("No.")]),
        (
            {"detail": [{"loc": ["body", "tools", 0, "x"], "msg": "No."}]},
            [Said("No.", "", "tools.0.x")],
        ),
        ({"message": {"detail": [{"loc": ["seed"], "msg": "No."}]}}, [Said("No.", "", "seed")]),
        ({"error": {"message": "No.", "param": "a[0].b"}}, [Said("No.", "", "a.0.b")]),
        (
            {"error": {"message": "Up", "metadata": {"raw": json.dumps({"error": INNER})}}},
            [Said("Up"), Said("No.", "", "seed")],
        ),
        (
            {"error": {"message": "Up", "innererror": {"code": "Filter"}}},
            [Said("Up"), Said("", "filter")],
        ),
        ({"errors": [INNER, INNER]}, [Said("No.", "", "seed")] * 2),
    ],
)
def test_each_form_is_read(body: object, said: list[Said]) -> None:
    assert said_in(json.dumps(body)) == said


@pytest.mark.parametrize("body", ["", "   ", "null", "3", "[]", "{}"])
def test_a_body_that_says_nothing(body: str) -> None:
    assert all(not one.param for one in said_in(body))


def test_a_body_that_is_no_json_is_a_sentence() -> None:
    assert said_in("<h1>Bad</h1>") == [Said("<h1>Bad</h1>")]
    assert len(said_in("x" * 9_999)[0].message) == 4_000


def test_a_cut_body_is_a_sentence_too() -> None:
    assert said_in('{"error": {"message": "max_tok')[0].message.startswith('{"error"')


def test_depth_has_an_end() -> None:
    body: object = INNER
    for _ in range(50):
        body = {"error": body}
    assert said_in(json.dumps(body)) is not None
    assert said_in("[" * 100_000)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "detail", "message", "msg", "loc", "param", "code", "raw", "metadata"]
                ),
                inner,
            )
        ),
    )
)
def test_nothing_raises(body: object) -> None:
    for said in said_in(json.dumps(body)):
        assert isinstance(said.message, str)
        assert isinstance(said.param, str)
