"""What Anthropic's wire brings, in one value."""

from tierwatch.wire.anthropic_messages.address import ROUTE, auth_headers, chat_url
from tierwatch.wire.anthropic_messages.errors import (
    ERROR_EVENT,
    read_error,
    write_error,
    write_failure,
)
from tierwatch.wire.anthropic_messages.history import fitted_history, messages_of
from tierwatch.wire.anthropic_messages.read_request import read_request
from tierwatch.wire.anthropic_messages.replies import read_reply, write_reply
from tierwatch.wire.anthropic_messages.stream_in import StreamIn
from tierwatch.wire.anthropic_messages.stream_out import StreamOut
from tierwatch.wire.anthropic_messages.usage import read_usage, write_usage
from tierwatch.wire.anthropic_messages.whole_stream import whole_stream
from tierwatch.wire.anthropic_messages.write_request import write_request
from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.form import Wire

ANTHROPIC_MESSAGES = Wire(
    name=ANTHROPIC,
    route=ROUTE,
    chat_url=chat_url,
    auth_headers=auth_headers,
    read_request=read_request,
    write_request=write_request,
    read_reply=read_reply,
    write_reply=write_reply,
    stream_in=StreamIn,
    stream_out=StreamOut,
    whole_stream=whole_stream,
    read_error=read_error,
    write_error=write_error,
    error_event=ERROR_EVENT,
    write_failure=write_failure,
    read_usage=read_usage,
    write_usage=write_usage,
    fitted_history=fitted_history,
    messages_of=messages_of,
)
