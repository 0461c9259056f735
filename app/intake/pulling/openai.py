"""OpenAI's stored chat completions: a list by cursor, and the messages of each on pages of its own.

Source: OpenAI's API reference (2026): `GET /chat/completions` and
`GET /chat/completions/{id}/messages`, both by ``after``, oldest first; there is no filter by time.
The cursor stays at the last completion that is older than the overlap: what appears late behind it
is met by the next walk.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from tierwatch.intake.files.fields import seconds
from tierwatch.intake.pulling.asking import Api, AwayError, NotAcceptedError, NotThereError
from tierwatch.intake.pulling.pages import PAGE, Page, Walk, listed
from tierwatch.intake.pulling.place import PullPlace
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import string

_LIST: Final = "chat/completions"
# Messages of one completion, in pages; a longer one goes without, and is no evidence.
_MOST_MESSAGE_PAGES: Final = 50


def pages(api: Api, walk: Walk) -> Iterator[Page]:
    """Page by page, from the cursor to the newest."""
    place, after = walk.place, walk.place.cursor
    while True:
        page, after = _listed(api, after)
        found = [one for one in listed(page) if string(one.get("id"))]
        new = [one for one in found if _at(one) >= place.since and not place.has(one["id"])]
        records = [{**one, "messages": _messages(api, one["id"])} for one in new]
        place = _behind(place.with_taken({one["id"]: _at(one) for one in new}), found, walk)
        yield Page(records, place)
        if not (found and page.get("has_more") is True):
            return
        if found[-1]["id"] == after:
            raise AwayError("the cursor of a page leads to the same page")
        after = found[-1]["id"]


def _listed(api: Api, after: str) -> tuple[Json, str]:
    """A page, and the cursor that it stands behind; the first one where that is gone."""
    params: dict[str, str | int] = {"limit": PAGE, "order": "asc"}
    if after:
        try:
            return api.get(_LIST, {**params, "after": after}), after
        except (NotThereError, NotAcceptedError):
            pass  # deleted, or older than what OpenAI keeps
    return api.get(_LIST, params), ""


def _behind(place: PullPlace, found: list[Json], walk: Walk) -> PullPlace:
    """The place with its cursor at the last settled completion of a page."""
    for one in found:
        if _at(one) >= walk.settled:
            break
        place = place._replace(cursor=one["id"], since=max(place.since, _at(one)))
    return place.trimmed(before=place.since)


def _messages(api: Api, completion: str) -> list[Json]:
    """What was asked, in its order; nothing where it is gone, or longer than anybody's."""
    messages: list[Json] = []
    after: dict[str, str | int] = {}
    for _ in range(_MOST_MESSAGE_PAGES):
        path = f"{_LIST}/{quote(completion, safe='')}/messages"
        try:
            page = api.get(path, {"limit": PAGE, "order": "asc", **after})
        except NotThereError:
            return []
        found = listed(page)
        messages += found
        if not (found and page.get("has_more") is True):
            return messages
        after = {"after": string(found[-1].get("id"))}
    return []


def _at(one: Json) -> float:
    return seconds(one.get("created"))
