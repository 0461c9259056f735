"""The former place of each wire's `whole_stream`."""

from tierwatch.wire.anthropic_messages.whole_stream import whole_stream as message_stream
from tierwatch.wire.openai_chat.whole_stream import whole_stream as completion_stream

__all__ = ["completion_stream", "message_stream"]
