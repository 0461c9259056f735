"""A provider's whole answer, as logs keep it, read by the wire that it is on."""

from typing import Final

from tierwatch.errors import ProviderError
from tierwatch.store.documents import Json
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.json_values import objects
from tierwatch.wire.wires import WIRES

# Of an assistant message and of a call in it; the rest is its server's or its library's own.
_OF_A_MESSAGE: Final = {"content": str | list, "refusal": str}
_OF_A_CALL: Final = ("id", "type", "function", "custom")


def said_message(message: Json) -> Json | None:
    """An assistant message without what is empty in it; None where it says nothing.

    >>> said_message({"role": "assistant", "content": "Hi", "refusal": None, "annotations": []})
    {'role': 'assistant', 'content': 'Hi'}
    >>> said_message({"role": "assistant", "content": ""})
    """
    said = {
        name: message[name]
        for name, kinds in _OF_A_MESSAGE.items()
        if message.get(name) and isinstance(message[name], kinds)
    }
    calls = [
        {name: call[name] for name in _OF_A_CALL if name in call}
        for call in objects(message.get("tool_calls"))
    ]
    if not (said or calls):
        return None
    whole = {"role": "assistant", "content": None} | said
    return whole | {"tool_calls": calls} if calls else whole


def logged_reply(body: object, wire: str) -> Reply | None:
    """The message, reason and counts of a logged answer; None where this is none on the wire.

    >>> body = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}
    >>> logged_reply(body, "openai").message["content"], logged_reply({}, "openai")
    ('Hi', None)
    """
    answers = WIRES[wire]
    try:
        if wire == "openai":
            return first_choice(body)
        return first_choice(WIRES["openai"].write_reply(answers.read_reply(body)))
    except ProviderError:
        return None
