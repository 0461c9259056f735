import dataclasses
import json

import pytest

from tierwatch.judges.verdict import Question, Verdict


def test_a_question_is_read_from_a_chat_request() -> None:
    request = {
        "messages": [{"role": "user", "content": "hi"}, "not a message"],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
        "temperature": 1,
    }
    question = Question.from_request(request)
    assert question.messages == [{"role": "user", "content": "hi"}]
    assert question.tools == request["tools"]
    assert question.response_format == {"type": "json_object"}
    assert question.contexts == ()


@pytest.mark.parametrize("request_", [{}, {"messages": None, "tools": [], "response_format": "x"}])
def test_what_has_another_shape_counts_as_absent(request_: dict[str, object]) -> None:
    assert Question.from_request(request_) == Question(messages=[])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"documents": ["a", {"text": "b"}, {"content": "c"}, {"title": "d"}, 5, " "]},
            ("a", "b", "c"),
        ),
        ({"metadata": {"contexts": ["a", "b"]}}, ("a", "b")),
        ({"metadata": {"contexts": json.dumps(["a", {"text": "b"}])}}, ("a", "b")),
        ({"documents": ["a"], "metadata": {"contexts": ["b"]}}, ("a", "b")),
        ({"metadata": {"contexts": "not JSON"}}, ()),
        ({"metadata": {"contexts": "[" * 100_000}}, ()),
        ({"metadata": {"contexts": "5"}}, ()),
        ({"metadata": "x", "documents": "y"}, ()),
    ],
)
def test_retrieved_passages(fields: dict[str, object], expected: tuple[str, ...]) -> None:
    assert Question.from_request(fields).contexts == expected


def test_a_verdict_cannot_be_changed() -> None:
    verdict = Verdict(preferred="tie", basis="identical", reason="", judge_version="v")
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.preferred = "served"  # type: ignore[misc]  # what is tested
