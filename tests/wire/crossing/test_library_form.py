"""What the router and the judge read of a request: it is never refused."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ANTHROPIC, OPENAI, ChatRequest, Extras, Media, PlainText, Turn
from tierwatch.wire.crossing.library_form import library_form
from tierwatch.wire.translation import library_request, provider_request
from tierwatch.wire.wires import WIRES

UPLOAD = {"type": "container_upload", "file_id": "file_1", "name": "sums.csv"}
IMAGE = {"type": "image", "source": {"type": "file", "file_id": "file_2"}}


def test_what_the_library_has_no_word_for_is_marked() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [UPLOAD, IMAGE]}
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    request = {
        "model": "auto",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Read."}, IMAGE, UPLOAD]},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result, use]},
        ],
    }
    asked, called, told, *more = library_request(ANTHROPIC, request)["messages"]
    texts = [part["text"] for part in asked["content"]]
    assert texts == ["Read.", "[image]", "[container_upload sums.csv]"]
    assert called["tool_calls"][0]["id"] == "t"
    assert told["content"] == "[container_upload sums.csv]\n\n[image]"
    assert more == [{"role": "user", "content": [{"type": "text", "text": "[tool_call f]"}]}]
    for provider in WIRES:
        if provider != ANTHROPIC:
            with pytest.raises(ProviderError, match="image"):
                provider_request(ANTHROPIC, provider, request, "m")
    assert provider_request(ANTHROPIC, ANTHROPIC, request, "m").request == {**request, "model": "m"}


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_typed_parts_that_no_wire_sends_are_marked_too(kind: Any) -> None:
    odd = Media(kind, PlainText("x"), "a name", Extras(OPENAI))
    turn = Turn("user", (odd,), plain=False, extras=Extras(OPENAI))
    [message] = library_form(ChatRequest("m", (turn,), Extras(OPENAI)))["messages"]
    assert message["content"] == [{"type": "text", "text": f"[{kind} a name]"}]


def test_nothing_is_marked_where_all_can_be_said() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    request = {"messages": [{"role": "assistant", "content": [use]}], "max_tokens": 9}
    typed = WIRES[ANTHROPIC].read_request(request)
    assert library_form(typed) == WIRES[OPENAI].write_request(typed).request
