"""Media in a batch: sealed before they leave memory."""

import base64
import uuid
from typing import TypedDict

from tierwatch.loop.capture.redact import storable
from tierwatch.loop.capture.redaction.media import Media, place_of
from tierwatch.loop.capture.redaction.sealing import Sealer


class MediaDocument(TypedDict):
    """A piece of media; ``sealed`` is base64."""

    name: str
    mark: str
    media_type: str
    size: int
    sealed: str


def sealed_media(exchange_id: uuid.UUID, item: Media, sealer: Sealer | None) -> MediaDocument:
    """A piece of media as a batch has it.

    Raises:
        ValueError: there is no key to seal it with.
    """
    if sealer is None:
        raise ValueError("media without a key to seal them")
    sealed = sealer.seal(place_of(exchange_id, item.name), storable(item.text).encode())
    return {
        "name": item.name,
        "mark": item.mark,
        "media_type": storable(item.media_type),
        "size": item.size,
        "sealed": base64.b64encode(sealed).decode(),
    }
