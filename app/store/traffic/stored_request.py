"""What was asked, as it is stored: on the wire it came on. Readers get it in OpenAI's form here.

A shadow asks again what was asked, so what only one wire can say (thinking, effort, cache marks)
has to be there. The judge, pages and learning read one form, whichever wire it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tierwatch.store.documents import Json
from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.translation import library_request

# The columns that `stored_request` takes, in its order.
STORED_REQUEST: Final = (ExchangeTextRow.request, ExchangeTextRow.wire, ExchangeTextRow.headers)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as it was stored.

    Attributes:
        body: redacted, on its wire.
        wire: that the caller spoke.
        headers: of the caller's, those that say how the body is to be read.
    """

    body: Json
    wire: str = OPENAI
    headers: Mapping[str, str] | None = None

    @property
    def in_library_form(self) -> dict[str, object]:
        """The same in OpenAI's form."""
        return library_form(self.body, self.wire)


def stored_request(
    body: dict[str, object] | None, wire: str | None, headers: Mapping[str, str] | None
) -> StoredRequest | None:
    """The columns of a row as one value; None once retention took the text."""
    return None if body is None else StoredRequest(body, wire or OPENAI, headers)


def library_form(body: dict[str, object], wire: str | None) -> dict[str, object]:
    """What a stored request asks, in OpenAI's form; rows without a wire are in it already.

    >>> library_form({"messages": [], "system": "Be brief."}, "anthropic")["messages"]
    [{'role': 'system', 'content': 'Be brief.'}]
    """
    return library_request(wire or OPENAI, body)
