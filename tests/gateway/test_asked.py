import pytest
from factories.gateway_values import asked


@pytest.mark.parametrize(
    ("fields", "streaming"),
    [({}, False), ({"stream": None}, False), ({"stream": False}, False), ({"stream": True}, True)],
)
def test_a_stream_is_what_was_asked_for(fields: dict[str, object], *, streaming: bool) -> None:
    assert asked(**fields).streaming is streaming


@pytest.mark.parametrize(
    ("options", "wants"),
    [
        (None, False),
        ({}, False),
        ({"include_usage": False}, False),
        ({"include_usage": 1}, False),
        ({"include_usage": True}, True),
    ],
)
def test_usage_in_a_stream_is_wanted_by_a_plain_true(options: object, *, wants: bool) -> None:
    assert asked(stream_options=options).wants_usage is wants


def test_no_log_shows_a_key_or_a_text() -> None:
    one = asked(key=b"sk-secret", headers={b"authorization": b"Bearer sk-secret"})
    assert repr(one) == "Asked(00000000-0000-0000-0000-000000000007, openai)"


def test_a_request_is_a_turn_of_a_conversation_unless_it_was_recognised() -> None:
    assert asked().side_call == ""
    assert asked(side_call="title").side_call == "title"
