"""The table of the wires, by the names that configuration uses. A new wire is one line here.

The providers read here where to post a chat and how to show a key, the gateway which route to open.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tierwatch.wire.anthropic_messages.wire import ANTHROPIC_MESSAGES
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.form import Wire
from tierwatch.wire.openai_chat.wire import OPENAI_CHAT
from tierwatch.wire.openai_responses.wire import OPENAI_RESPONSES

WIRES: Mapping[str, Wire] = MappingProxyType(
    {
        OPENAI: OPENAI_CHAT,
        ANTHROPIC: ANTHROPIC_MESSAGES,
        RESPONSES: OPENAI_RESPONSES,
    }
)
