from typing import Any

import pytest

from tierwatch.gateway.answer.question import Question

BODY: dict[str, Any] = {"model": "auto", "messages": [], "seed": 1, "top_p": 0.5}


def question(**fields: Any) -> Question:
    return Question({**BODY, **fields}, {**BODY, **fields}, streaming=bool(fields.get("stream")))


def test_the_whole_of_a_stream_is_asked_for_without_its_options() -> None:
    streamed = question(stream=True, stream_options={"include_usage": True})
    assert streamed.whole() == Question(BODY, BODY, streaming=False)
    assert streamed.request["stream"] is True  # the first question is as it was


@pytest.mark.parametrize(
    ("own", "at", "asked", "top_p"),
    [
        (None, 0.7, 0.7, False),
        (0, 0.7, 0.7, False),  # the same answer each time: no samples of it
        (0.2, 0.7, 0.2, True),
    ],
)
def test_another_sample_is_asked_at_a_temperature(
    own: float | None, at: float, asked: float, *, top_p: bool
) -> None:
    fields = {} if own is None else {"temperature": own}
    varied = question(**fields).varied(at)
    for body in (varied.request, varied.chat):
        assert body.get("temperature") == asked
        assert ("top_p" in body, "seed" in body) == (top_p, False)
