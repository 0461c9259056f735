"""Each cell of the answers: what a provider said is heard on the other wire, whole or streamed."""

import json
from typing import Any

import pytest
from factories.wire_answers import (
    ANSWERS,
    AnswerCell,
    Heard,
    as_stream,
    chunks_heard,
    completion_heard,
    message_events_heard,
    message_heard,
)
from factories.wire_cells import TO_CHAT
from factories.wires import events

from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.translation import caller_reply


def whole(cell: AnswerCell, said: dict[str, Any]) -> Heard:
    if cell.way == TO_CHAT:
        return completion_heard(json.loads(caller_reply(OPENAI, ANTHROPIC, b"", said, 7)[0]))
    return message_heard(json.loads(caller_reply(ANTHROPIC, OPENAI, b"", said, 7)[0]))


def streamed(cell: AnswerCell, said: list[Any], cut: int) -> Heard:
    caller, provider = (OPENAI, ANTHROPIC) if cell.way == TO_CHAT else (ANTHROPIC, OPENAI)
    relay = StreamRelay(caller, provider, include_usage=True, created=7)
    raw = as_stream(said)
    sent = b"".join([relay.feed(raw[at : at + cut]) for at in range(0, len(raw), cut)])
    told = [event.data for event in events(sent + relay.end())]
    heard = [json.loads(data) for data in told if data != "[DONE]"]
    return chunks_heard(heard) if cell.way == TO_CHAT else message_events_heard(heard)


@pytest.mark.parametrize("cell", ANSWERS, ids=lambda cell: f"{cell.way}: {cell.name}")
def test_an_answer_is_heard_on_the_other_wire(cell: AnswerCell) -> None:
    if isinstance(cell.said, dict):
        every = [whole(cell, cell.said)]
    else:
        every = [streamed(cell, cell.said, cut) for cut in (10**9, 7)]
    for heard in every:
        assert {name: getattr(heard, name) for name in cell.heard} == cell.heard


def test_the_table_has_no_name_twice() -> None:
    names = [(cell.way, cell.name) for cell in ANSWERS]
    assert len(set(names)) == len(names)
