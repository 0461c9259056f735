"""A provider's whole answer, as logs keep it, read by the wire that it is on."""

from tierwatch.errors import ProviderError
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.wires import WIRES


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
