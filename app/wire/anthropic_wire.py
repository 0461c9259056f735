"""The former place of `translation.library_request` for callers on Anthropic's wire."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.anthropic_messages.read_request import read_request
from tierwatch.wire.openai_chat.write_request import write_request


def request_to_openai(request: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ``POST /v1/messages`` as the routing library takes it."""
    return write_request(read_request(request))
