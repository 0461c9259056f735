"""One pair: both answers side by side and what the judge said."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, abort
from sqlalchemy import Connection

from tierwatch.dashboard.frame import render
from tierwatch.dashboard.passages import (
    Passage,
    conversation,
    conversation_text,
    message_text,
    passage,
)
from tierwatch.dashboard.site import this_site
from tierwatch.loop.capture.redaction.media import content_of, place_of
from tierwatch.loop.capture.redaction.sealing import SealError
from tierwatch.store.pages.pair import Pair, pair
from tierwatch.store.traffic.media import one_of_media

routes = Blueprint("pair", __name__)

# What browsers show and no script can be in; anything else is a file to save.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS = frozenset(
    {"audio/wav", "audio/mpeg", "audio/mp3", "audio/ogg", "audio/flac", "audio/webm"}
)


@dataclass(frozen=True, slots=True)
class PairPage:
    """A pair: what was asked, both answers, what the judge said. Texts are None once expired."""

    template: ClassVar[str] = "pair.html"

    pair: Pair
    conversation: tuple[Passage, ...] | None
    older: int
    served: Passage | None
    alternative: Passage | None
    images: frozenset[str] = IMAGES
    sounds: frozenset[str] = SOUNDS


@routes.get("/pairs/<uuid:pair_id>")
def show(pair_id: uuid.UUID) -> str:
    """One pair: both answers side by side and what the judge said."""
    with this_site().engine.connect() as connection:
        page = pair_page(connection, pair_id)
    if page is None:
        abort(404)
    return render(page)


@routes.get("/pairs/<uuid:pair_id>/text/<any(request, served, alternative):which>")
def text(pair_id: uuid.UUID, which: str) -> Response:
    """The whole of one text, as plain text."""
    with this_site().engine.connect() as connection:
        found = pair(connection, pair_id)
    if found is None:
        abort(404)
    stored = {
        "request": found.request,
        "served": found.answer,
        "alternative": found.alternative,
    }[which]
    if stored is None:
        abort(404)
    return plain_text(conversation_text(stored) if which == "request" else message_text(stored))


@routes.get("/pairs/<uuid:pair_id>/media/<name>")
def media(pair_id: uuid.UUID, name: str) -> Response:
    """One image, file or piece of audio of the question."""
    site = this_site()
    with site.engine.connect() as connection:
        found = one_of_media(connection, pair_id, name)
    if found is None or site.sealer is None:
        abort(404)
    try:
        opened = site.sealer.open(place_of(pair_id, name), found["sealed"])
    except SealError:
        abort(404)
    return _shown(content_of(opened.decode()), found["media_type"], name)


def _shown(content: bytes, media_type: str, name: str) -> Response:
    """What somebody sent, so that no browser takes it for more than it may be."""
    inline = media_type in IMAGES | SOUNDS
    reply = Response(content, content_type=media_type if inline else "application/octet-stream")
    how = "inline" if inline else "attachment"
    reply.headers["Content-Disposition"] = f'{how}; filename="{name}"'
    reply.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    reply.headers["Cache-Control"] = "no-store"
    return reply


def plain_text(whole: str) -> Response:
    """A text as a page of its own."""
    return Response(whole, content_type="text/plain; charset=utf-8")


def pair_page(connection: Connection, pair_id: uuid.UUID) -> PairPage | None:
    """Fill a pair's page; None when there is no such exchange."""
    found = pair(connection, pair_id)
    if found is None:
        return None
    said, older = (None, 0) if found.request is None else conversation(found.request)
    return PairPage(
        pair=found,
        conversation=said,
        older=older,
        served=None if found.answer is None else passage(found.answer),
        alternative=None if found.alternative is None else passage(found.alternative),
    )
