"""Whether the provider ran a tool while it answered, as a search or a container.

Such an answer has read what nobody else is shown, so it is compared with none.
"""

import re
from typing import Final

# As blocks and items of all wires name what was run, and chat completions what was found: in
# OpenAI's way, and in a list of addresses beside the choices. A call that waits for a person's
# consent counts too: the other arm is not offered the server.
_RAN: Final = re.compile(
    rb'"type"\s*:\s*"(?:server_tool_use|mcp_tool_use|web_search_call|file_search_call'
    rb"|code_interpreter_call|image_generation_call|mcp_call|mcp_approval_request"
    rb'|shell_call_output|x_search_call|url_citation)"'
    rb'|"(?:citations|search_results)"\s*:\s*\[\s*(?:"http|\{\s*"(?:title|url)")'
)
_LONGEST: Final = 64


class ToolWatch:
    """Reads one reply, whole or in pieces. Only where such tools were offered.

    Attributes:
        ran: whether a tool seems to have been run.
    """

    __slots__ = ("_seen", "ran")

    def __init__(self) -> None:
        self.ran = False
        self._seen = b""

    def feed(self, raw: bytes) -> None:
        """Take the next bytes of the reply."""
        if not self.ran:
            seen = self._seen + raw
            self.ran = _RAN.search(seen) is not None
            self._seen = seen[-_LONGEST:]
