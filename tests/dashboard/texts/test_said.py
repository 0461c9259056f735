from typing import Any

import pytest
from dashboard.texts.allowed import ATTACKS, not_allowed
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.passages import LAST_MESSAGES, SHOWN
from tierwatch.dashboard.texts.said import Kept, said, said_in

MARK = "[IMAGE abcdefgh 12 bytes]"


def _pieces(message: dict[str, Any], **given: Any) -> list[tuple[str, str]]:
    return [(piece.kind, piece.title) for piece in said(message, **given).pieces]


@pytest.mark.parametrize(
    ("message", "pieces"),
    [
        ({}, []),
        ({"content": None}, []),
        ({"content": ""}, []),
        ({"content": "hello"}, [("prose", "")]),
        ({"content": '{"a": 1}'}, [("data", "JSON")]),
        ({"content": {"odd": 1}}, [("data", "JSON")]),
        ({"content": ["a", {"type": "text", "text": "b"}, 3]},
         [("prose", ""), ("prose", ""), ("data", "JSON")]),
        ({"content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]},
         [("gone", "[image_url]")]),
        ({"content": [{"type": "input_audio", "input_audio": {"data": MARK}}]}, [("gone", MARK)]),
        ({"content": [{}]}, [("gone", "[part]")]),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "4"}]},
         [("thought", "Thinking"), ("prose", "")]),
        ({"reasoning_content": "hm", "content": "4"}, [("thought", "Thinking"), ("prose", "")]),
        ({"reasoning": "hm", "content": "4"}, [("thought", "Thinking"), ("prose", "")]),
        ({"refusal": "no", "content": None}, [("refusal", "Refusal")]),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, [("refusal", "Refusal")]),
        ({"content": "x", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
         [("prose", ""), ("call", "f")]),
        ({"role": "tool", "tool_call_id": "c1", "content": "**ok**"},
         [("result", "Result of search")]),
        ({"role": "tool", "tool_call_id": "c2", "content": "[1]"}, [("result", "Result")]),
        ({"role": "function", "name": "g", "content": ""}, [("result", "Result of g")]),
    ],
)  # fmt: skip
def test_messages_of_every_shape_become_pieces(
    message: dict[str, Any], pieces: list[tuple[str, str]]
) -> None:
    assert _pieces(message, tools={"c1": "search"}) == pieces


def test_a_result_of_a_tool_is_no_markdown() -> None:
    (piece,) = said({"role": "tool", "content": "# <b>a</b>"}).pieces
    assert piece.markup == '<pre class="plain" dir="auto"># &lt;b&gt;a&lt;/b&gt;</pre>'


def test_media_stand_where_their_marks_stand() -> None:
    kept = {MARK: Kept("abcdefgh", "image")}
    message = {"content": [{"type": "text", "text": "Look"}, {"image_url": {"url": MARK}}]}
    first, second = said(message, kept).pieces
    assert first.kind == "prose"
    assert (second.kind, second.title, second.name) == ("image", MARK, "abcdefgh")


def test_a_mark_in_a_text_shows_nothing() -> None:
    """Marks are written by us in place of media, and by anybody in a text."""
    (piece,) = said({"content": f"see {MARK}"}, {MARK: Kept("abcdefgh", "image")}).pieces
    assert piece.kind == "prose"


def test_the_raw_text_is_cut_only_when_too_long() -> None:
    assert not said({"content": "x" * SHOWN}).cut
    longer = said({"content": "x" * (SHOWN + 1)})
    assert longer.cut
    assert (len(longer.raw), longer.chars) == (SHOWN, SHOWN + 1)


def test_all_parts_together_are_shown_no_longer_than_one() -> None:
    found = said({"content": [{"type": "text", "text": "word " * 1_000}] * 90})
    assert sum(len(piece.markup) for piece in found.pieces) < SHOWN + 90 * 20


def test_parts_without_end_are_named() -> None:
    found = said({"content": ["a"] * 1_000})
    assert len(found.pieces) == 101
    assert found.pieces[-1].title == "900 more parts"


def test_a_conversation_names_the_tools_of_its_results() -> None:
    call = {"id": "c1", "function": {"name": "search", "arguments": "{}"}}
    request = {"messages": [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    ]}  # fmt: skip
    shown, older = said_in(request)
    assert older == 0
    assert [piece.title for one in shown for piece in one.pieces] == ["search", "Result of search"]


def test_a_conversation_shows_its_newest_messages() -> None:
    request = {"messages": [{"role": "user", "content": str(n)} for n in range(30)]}
    shown, older = said_in(request)
    assert [one.raw for one in shown] == [str(n) for n in range(30 - LAST_MESSAGES, 30)]
    assert older == 30 - LAST_MESSAGES


@pytest.mark.parametrize("request_", [{}, {"messages": None}, {"messages": "x"}, {"messages": [1]}])
def test_requests_without_messages(request_: dict[str, Any]) -> None:
    assert said_in(request_) == ((), 0)


_LEAVES = st.none() | st.integers() | st.text(max_size=20) | st.sampled_from(ATTACKS)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "thinking", "function", "name", "arguments", "id", "url"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_MESSAGES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ["role", "content", "tool_calls", "refusal", "reasoning", "function_call", "name"],
        _ANYTHING,
    ),
)


@given(_MESSAGES)
def test_whatever_was_stored_is_shown_and_does_nothing(message: dict[str, Any]) -> None:
    for piece in said(message).pieces:
        assert not_allowed(piece.markup) == []
