"""Langfuse's API: observations by the cursor of its version 2, else by the pages of version 1.

Source: Langfuse's API reference (2026): `GET /api/public/v2/observations` (Cloud, and self-hosted
from v4 on; 404 elsewhere) and `GET /api/public/observations`. Both give the newest first between
two start times. Data of older SDKs is there after 15 minutes at the latest.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from tierwatch.intake.files.fields import field, said, seconds
from tierwatch.intake.pulling.asking import Api, AwayError, NotAcceptedError, NotThereError
from tierwatch.intake.pulling.pages import PAGE, Page, Walk, listed
from tierwatch.intake.pulling.place import PullPlace
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import mapping, string

_V2: Final = "api/public/v2/observations"
_V1: Final = "api/public/observations"
_FIELDS: Final = "core,basic,time,io,metadata,model,usage"
# A month in one walk would be thousands of pages, of which version 1 counts the offsets.
_LONGEST_WALK_S: Final = 86_400.0
# A cursor of ours for version 1: what stands behind is the number of the page.
_PAGE_MARK: Final = "page:"


def pages(api: Api, walk: Walk) -> Iterator[Page]:
    """Page by page, a day at most at a time, up to now."""
    place = walk.place
    while True:
        if not place.until:
            place = place._replace(until=min(walk.now, place.since + _LONGEST_WALK_S), cursor="")
        until = place.until
        for page in _between(api, walk, place):
            place = page.after
            yield page
        if until >= walk.now:
            return


def _between(api: Api, walk: Walk, place: PullPlace) -> Iterator[Page]:
    """The pages of one stretch."""
    settled = _settled(walk, place)
    while place.until:
        try:
            records, cursor = _asked(api, place)
        except NotAcceptedError:
            if not place.cursor:
                raise
            place = place._replace(cursor="")  # it may be too old: the stretch begins again
            continue
        if cursor and cursor == place.cursor:
            raise AwayError("the cursor of a page leads to the same page")
        new = [one for one in records if _is_new(one, settled, place)]
        taken = {string(one.get("id")): _moment(one, place) for one in new}
        after = place.with_taken(taken)._replace(cursor=cursor)
        since = max(place.since, settled)
        if cursor:
            # Pages of version 1 move, so the next may begin with the end of this one.
            newest = max((_moment(one, place) for one in records), default=place.until)
            after = after.trimmed(before=since, ahead=newest)
        else:
            after = after._replace(since=since, until=0.0).trimmed(before=since)
        yield Page(new, after)
        place = after


def _settled(walk: Walk, place: PullPlace) -> float:
    """What began before this moment needs no second reading once the stretch is read.

    By the end of the stretch and not by the clock alone: the newest pages of a walk that was cut
    were read when it began, whenever it goes on.
    """
    return min(walk.settled, place.until - walk.overlap_s)


def _is_new(one: Json, settled: float, place: PullPlace) -> bool:
    """Whether to take a record now: not one that was taken, nor one that is not at its end yet."""
    ended = field(one, "endTime", "end_time") is not None
    return not place.has(string(one.get("id"))) and (ended or _at(one) < settled)


def _moment(one: Json, place: PullPlace) -> float:
    """When it began; the end of the stretch for what does not say."""
    return _at(one) or place.until


def _at(one: Json) -> float:
    return seconds(said(one, "startTime", "start_time"))


def _asked(api: Api, place: PullPlace) -> tuple[list[Json], str]:
    """Records, and the cursor of the page behind them; "" behind the last one."""
    params: dict[str, str | int] = {
        "type": "GENERATION",
        "limit": PAGE,
        "fromStartTime": _date(place.since),
        "toStartTime": _date(place.until),
    }
    if not place.cursor.startswith(_PAGE_MARK):
        more = {"cursor": place.cursor} if place.cursor else {}
        try:
            page = api.get(_V2, {**params, "fields": _FIELDS, **more})
        except NotThereError:
            pass  # self-hosted, before v4
        else:
            return listed(page), string(mapping(page.get("meta")).get("cursor"))
    digits = place.cursor.removeprefix(_PAGE_MARK)
    number = int(digits) if digits.isdecimal() else 1
    page = api.get(_V1, {**params, "page": number})
    total = mapping(page.get("meta")).get("totalPages")
    records = listed(page)
    last = not records or not isinstance(total, int) or number >= total
    return records, "" if last else f"{_PAGE_MARK}{number + 1}"


def _date(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds")
