"""The former place of what reads replies and streams of OpenAI's."""

from tierwatch.wire.first_choice import Reply
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import estimated_tokens, request_characters

__all__ = ["Reply", "StreamAnswer", "estimated_tokens", "request_characters"]
