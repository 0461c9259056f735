"""The table of the wires, by the names that configuration uses. A new wire is one line here.

A provider may speak it once `config.providers` accepts its name as a ``kind``, and a caller once
the gateway has a route for it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tierwatch.wire.anthropic_messages.wire import ANTHROPIC_MESSAGES
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.form import Wire
from tierwatch.wire.openai_chat.wire import OPENAI_CHAT

WIRES: Mapping[str, Wire] = MappingProxyType(
    {
        OPENAI: OPENAI_CHAT,
        ANTHROPIC: ANTHROPIC_MESSAGES,
    }
)
