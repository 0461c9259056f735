"""One pair: both answers side by side and what the judge said."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from flask import Blueprint, Response, abort, request
from sqlalchemy import Connection

from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.pairs.routing_words import routing_words
from tierwatch.dashboard.passages import conversation_text, message_text
from tierwatch.dashboard.site import this_site
from tierwatch.dashboard.texts.said import Kept, Piece, Said, kept_piece, said, said_in
from tierwatch.dashboard.texts.tool_calls import CallDiff, call_diffs, tool_calls
from tierwatch.dashboard.texts.word_diff import WordDiff, word_diff
from tierwatch.loop.capture.redaction.media import content_of, place_of
from tierwatch.loop.capture.redaction.sealing import SealError
from tierwatch.store.pages.pair import Pair, pair
from tierwatch.store.traffic.media import MediaLine, one_of_media

routes = Blueprint("pair", __name__)

# What browsers show and no script can be in; anything else is a file to save.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS = frozenset(
    {"audio/wav", "audio/mpeg", "audio/mp3", "audio/ogg", "audio/flac", "audio/webm"}
)


@dataclass(frozen=True, slots=True)
class PairPage:
    """A pair: what was asked, both answers, what the judge said. Texts are None once expired.

    Attributes:
        pair: all that is stored of it.
        conversation: the newest messages of the request.
        older: messages before those.
        served: the answer that the caller got.
        alternative: the shadow's.
        words: which words of the answers differ, where that was asked for instead of the answers.
        calls: how their calls of tools differ; empty where neither calls any.
        media: what is kept and stands in no message that is shown.
        routed: why the request went to its tier, a sentence each.
    """

    template: ClassVar[str] = "pair.html"

    pair: Pair
    conversation: tuple[Said, ...] | None
    older: int
    served: Said | None
    alternative: Said | None
    words: WordDiff | None
    calls: tuple[CallDiff, ...]
    media: tuple[Piece, ...]
    routed: tuple[str, ...]


@routes.get("/pairs/<uuid:pair_id>")
def show(pair_id: uuid.UUID) -> str:
    """One pair: both answers side by side and what the judge said."""
    with this_site().engine.connect() as connection:
        page = pair_page(connection, pair_id, words=request.args.get("view") == "words")
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


def pair_page(
    connection: Connection, pair_id: uuid.UUID, *, words: bool = False
) -> PairPage | None:
    """Fill a pair's page; None when there is no such exchange.

    Args:
        connection: any.
        pair_id: of the exchange.
        words: compare the answers word by word.
    """
    found = pair(connection, pair_id)
    if found is None:
        return None
    media = kept_media(found.media)
    asked, older = (None, 0) if found.request is None else said_in(found.request, media)
    served, alternative = (
        None if answer is None else said(answer, media)
        for answer in (found.answer, found.alternative)
    )
    listed = [*(asked or ()), *(one for one in (served, alternative) if one is not None)]
    shown = {piece.name for one in listed for piece in one.pieces}
    words_of, calls = _differences(found, words=words)
    return PairPage(
        pair=found,
        conversation=asked,
        older=older,
        served=served,
        alternative=alternative,
        words=words_of,
        calls=calls,
        routed=routing_words(found),
        media=tuple(kept_piece(mark, one) for mark, one in media.items() if one.name not in shown),
    )


def kept_media(lines: Iterable[MediaLine]) -> dict[str, Kept]:
    """Media that are kept, by the marks that stand in their places."""
    return {line.mark: Kept(line.name, _kind(line.media_type)) for line in lines}


def _kind(media_type: str) -> Literal["image", "sound", "file"]:
    if media_type in IMAGES:
        return "image"
    return "sound" if media_type in SOUNDS else "file"


def _differences(found: Pair, *, words: bool) -> tuple[WordDiff | None, tuple[CallDiff, ...]]:
    """Between both answers; none while one is missing."""
    if found.answer is None or found.alternative is None:
        return None, ()
    calls = call_diffs(tool_calls(found.answer), tool_calls(found.alternative))
    if not words:
        return None, calls
    return word_diff(message_text(found.answer), message_text(found.alternative)), calls
