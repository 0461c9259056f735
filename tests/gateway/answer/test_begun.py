"""A stream as the replying step reads it, from a provider that says what a test wants."""

import asyncio

import pytest
from fakes.provider import openai_chunks
from fakes.streams import Told

from tierwatch.errors import ProviderError

SILENT = ProviderError("silent", kind="timeout")


def test_a_stream_passes_untouched_and_is_read_along() -> None:
    chunks = openai_chunks("Par", "is.", usage=True)
    told = Told(*chunks)
    assert told.read() == b"".join(chunks)
    said = told.begun.said
    assert (said.message["content"], said.finish_reason, said.finished) == ("Paris.", "stop", True)
    assert said.usage[:2] == (21, 2)
    assert [attempt.error for attempt in told.ledger.attempts] == [""]
    assert (told.calls("answered"), told.calls("failed"), told.stream.closed) == (1, 0, True)


@pytest.mark.parametrize(("error", "kind"), [(None, "cut"), (SILENT, "timeout")])
def test_one_that_breaks_off_ends_with_the_reason(error: ProviderError | None, kind: str) -> None:
    told = Told(*openai_chunks("Par", finish=None, done=False), error=error)
    last = told.read().rsplit(b"\n\n", 2)[-2]
    assert f'"code":"provider_{kind}"'.encode() in last.replace(b'": "', b'":"')
    assert not told.begun.said.finished
    assert told.begun.said.message["content"] == "Par"
    assert [attempt.error for attempt in told.ledger.attempts] == [kind]
    assert (told.calls("answered"), told.calls("failed")) == (0, 1)


def test_an_error_that_the_provider_streams_is_passed_on_and_not_doubled() -> None:
    head = openai_chunks("Par", finish=None, done=False)
    error = b'data: {"error": {"message": "overloaded"}}\n\n'
    told = Told(*head, error)
    assert told.read() == b"".join(head) + error
    assert [attempt.error for attempt in told.ledger.attempts] == [""]
    assert told.calls("failed") == 1


def test_what_cannot_be_translated_ends_a_translated_stream() -> None:
    told = Told(*openai_chunks("Par", finish=None, done=False), b"data: {\n\n", wire="anthropic")
    text = told.read()
    assert b"event: error" in text
    assert [attempt.error for attempt in told.ledger.attempts] == ["unreadable"]


def test_one_that_nobody_reads_to_its_end_is_closed_and_says_how_far_it_came() -> None:
    told = Told(*openai_chunks("Par", "is."))
    asyncio.run(told.begun.read())
    told.begun.close()
    assert told.stream.closed
    assert not told.begun.said.finished
    assert told.calls("failed") == 0  # it was the caller who left


def test_reasoning_in_a_stream_is_entered_when_it_is_closed() -> None:
    chunk = b'data: {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}\n\n'
    told = Told(chunk, *openai_chunks("Paris."))
    assert not told.ledger.reasoned
    told.read()
    assert told.ledger.reasoned


def test_what_is_too_long_to_be_kept_passes_on_and_is_counted() -> None:
    chunks = openai_chunks("Par", "is, and so on.")
    told = Told(*chunks, most=5)
    assert told.read() == b"".join(chunks)
    said = told.begun.said
    assert (said.kept, said.finished, said.message["content"]) == (False, True, "Par")
    assert (said.usage.completion_tokens, said.characters) == (None, 17)


def test_what_the_provider_counted_is_believed_also_of_what_is_not_kept() -> None:
    told = Told(*openai_chunks("Par", "is.", usage=True), most=5)
    told.read()
    assert (told.begun.said.kept, told.begun.said.usage[:2]) == (False, (21, 2))
