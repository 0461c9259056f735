"""A stored question, asked again of another model: with its media, on its wire, at a tier's effort.

Tools in the request are offered to the model and never executed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from tierwatch.fit.effort import with_effort
from tierwatch.loop.capture.redaction.media import holds_marks, place_of, restored
from tierwatch.loop.capture.redaction.sealing import Sealer, SealError
from tierwatch.providers.completion import Completion
from tierwatch.routing.tiers import Deployment, Tier
from tierwatch.store.traced.their_span import passed_on
from tierwatch.store.traffic.media import MediaColumns
from tierwatch.store.traffic.stored_request import StoredRequest
from tierwatch.wire.lean_request import lean_request

MEDIA_GONE: Final = "the media of the question are not there any more"


class Completes(Protocol):
    """Asks a provider for one answer."""

    def complete(
        self,
        provider: str,
        request: dict[str, object],
        *,
        wire: str,
        headers: Mapping[str, str] | None,
    ) -> Completion:
        """Return the answer or raise ProviderError."""

    def wire(self, provider: str, caller: str) -> str:
        """The wire that it speaks for what was asked on a caller's, or raise ProviderError."""


def with_media(
    asked: StoredRequest,
    media: Sequence[MediaColumns],
    sealer: Sealer | None,
) -> StoredRequest | None:
    """The question with its images, audio and files where they stood; None where they are gone.

    Raises:
        SealError: they are sealed under a key that is not known here.
    """
    if media and sealer is None:
        raise SealError("TIERWATCH_MEDIA_KEY is not set")
    texts = {}
    if sealer is not None:
        for item in media:
            opened = sealer.open(place_of(item["exchange_id"], item["name"]), item["sealed"])
            texts[item["mark"]] = opened.decode()
    whole = replace(asked, body=restored(asked.body, texts)) if texts else asked
    return None if holds_marks(whole.body) else whole


def answer_of(client: Completes, tier: Tier, place: Deployment, asked: StoredRequest) -> Completion:
    """What a tier's model answers at a deployment, asked the same on the wire it was asked on.

    Raises:
        ProviderError: it gave no answer that can be used.
    """
    lean = lean_request(asked.body, wire=asked.wire, to=client.wire(place.provider, asked.wire))
    request = {**with_effort(lean, asked.wire, tier.effort), "model": place.model}
    headers = passed_on(asked.headers)
    return client.complete(place.provider, request, wire=asked.wire, headers=headers)
