"""Langfuse's pages: each generation once, late ones and unfinished ones in time."""

import datetime as dt
import itertools
from collections.abc import Iterator

import httpx
import pytest
from fakes.vendor_pages import FakeLangfuse, observation
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.files.langfuse import read
from tierwatch.intake.pulling.asking import Api, AwayError
from tierwatch.intake.pulling.langfuse import pages
from tierwatch.intake.pulling.pages import Page, Walk
from tierwatch.intake.pulling.place import PullPlace

NOW = 1_795_995_000.0
OVERLAP = 1200.0


@pytest.fixture(params=["v2", "v1"])
def langfuse(request: pytest.FixtureRequest) -> FakeLangfuse:
    fake = FakeLangfuse()
    fake.v2 = request.param == "v2"
    fake.most = 3
    return fake


class Walker:
    """Walks again and again, from place to place."""

    def __init__(self, vendor: FakeLangfuse, since: float) -> None:
        self.vendor = vendor
        self.place = PullPlace(since)

    def pages(self, now: float) -> Iterator[Page]:
        headers = {"authorization": self.vendor.authorization}
        with Api(
            "http://x", headers, pause=lambda _: False, transport=self.vendor.transport
        ) as api:
            for page in pages(api, Walk(self.place, now, OVERLAP)):
                self.place = page.after
                yield page

    def ids(self, now: float) -> list[str]:
        return [str(one["id"])[4:] for page in self.pages(now) for one in page.records]


def test_every_generation_comes_once(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 60 * n) for n in range(8)]
    langfuse.records += [observation(90, NOW - 60, type="SPAN"), observation(91, NOW - 90_000)]
    walker = Walker(langfuse, NOW - 86_400)
    assert sorted(walker.ids(NOW + 1)) == [f"{n:04}" for n in range(8)]
    assert walker.place.since == NOW + 1 - OVERLAP
    assert walker.ids(NOW + 300) == []
    (call,) = read(langfuse.records[0]).calls
    assert call.request["messages"] == [{"role": "user", "content": "What is 0?"}]


def test_a_late_record_is_met_by_the_overlap(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(1, NOW - 60)]
    walker = Walker(langfuse, NOW - 86_400)
    assert walker.ids(NOW) == ["0001"]
    langfuse.records.append(observation(2, NOW - 900))
    assert walker.ids(NOW + 200) == ["0002"]
    assert walker.ids(NOW + 400) == []


def test_a_call_that_goes_on_is_taken_at_its_end_or_when_it_is_old(langfuse: FakeLangfuse) -> None:
    langfuse.records = [
        observation(1, NOW - 60, endTime=None),
        observation(2, NOW - 50, endTime=None),
    ]
    walker = Walker(langfuse, NOW - 86_400)
    assert walker.ids(NOW) == []
    langfuse.records[0] = observation(1, NOW - 60)
    assert walker.ids(NOW + 300) == ["0001"]
    assert walker.ids(NOW + 1100) == []
    assert walker.ids(NOW + 1300) == ["0002"]
    assert walker.ids(NOW + 1400) == []


def test_a_month_is_walked_by_the_day(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 86_400 * n - 10) for n in range(5)]
    walker = Walker(langfuse, NOW - 10 * 86_400)
    assert walker.ids(NOW) == ["0004", "0003", "0002", "0001", "0000"]
    for url in langfuse.asked:
        since, until = (
            dt.datetime.fromisoformat(url.params[name]) for name in ("fromStartTime", "toStartTime")
        )
        assert until - since <= dt.timedelta(days=1)


def test_a_walk_that_was_cut_goes_on_at_its_page(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 60 * n - 1) for n in range(7)]
    walker = Walker(langfuse, NOW - 86_400)
    pages = walker.pages(NOW)
    assert len(next(pages).records) == 3
    pages.close()
    langfuse.records.append(observation(50, NOW + 5))  # newer: of the next walk
    assert walker.ids(NOW + 60) == ["0003", "0004", "0005", "0006", "0050"]
    assert walker.ids(NOW + 120) == []


def test_a_walk_that_goes_on_late_reads_its_newest_pages_again(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 60 * n - 1) for n in range(7)]
    langfuse.records[1] = observation(1, NOW - 61, endTime=None)
    walker = Walker(langfuse, NOW - 86_400)
    pages = walker.pages(NOW)
    assert [one["id"] for one in next(pages).records] == ["obs-0000", "obs-0002"]
    pages.close()
    # Both are of pages that are behind the cursor, and of before the new walk's overlap.
    langfuse.records[1] = observation(1, NOW - 61)
    langfuse.records.append(observation(50, NOW - 30))
    later = walker.ids(NOW + 1800)
    assert sorted(later) == ["0001", "0003", "0004", "0005", "0006", "0050"]
    assert walker.ids(NOW + 1900) == []


def test_what_no_walk_reads_again_is_not_remembered(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 300 * n - 1) for n in range(200)]
    walker = Walker(langfuse, NOW - 86_400)
    # Four calls within the overlap, and the page that a repeat may stand behind.
    assert max(len(page.after.seen) for page in walker.pages(NOW)) <= 4 + 3
    assert len(walker.place.seen) == 4
    # What is remembered of the walk before stands on the last pages of this one.
    langfuse.records += [observation(200 + n, NOW + 20 * n) for n in range(15)]
    assert sorted(walker.ids(NOW + 300)) == [f"{n:04}" for n in range(200, 215)]
    assert walker.ids(NOW + 600) == []


class Growing(FakeLangfuse):
    """Shows each record, and its end, so many seconds after its begin."""

    def __init__(self, calls: list[tuple[float, float, float]]) -> None:
        super().__init__()
        self.calls = calls
        self.most = 2
        self.clock = NOW

    def answer(self, path: str, params: dict[str, str]) -> httpx.Response:
        self.records = [
            observation(n, at, **({} if at + until_end <= self.clock else {"endTime": None}))
            for n, (at, until_shown, until_end) in enumerate(self.calls)
            if at + until_shown <= self.clock
        ]
        return super().answer(path, params)


@given(
    calls=st.lists(
        st.tuples(
            st.integers(int(NOW) - 1500, int(NOW) + 3000),
            st.integers(0, int(OVERLAP) - 1),
            st.integers(0, 2 * int(OVERLAP)),
        ),
        min_size=5,
        max_size=20,
    ),
    # Seconds before a round, pages until it is cut, seconds before each of its pages.
    rounds=st.lists(
        st.tuples(st.integers(1, 4000), st.integers(1, 3), st.integers(0, 400)), max_size=6
    ),
    version=st.sampled_from([1, 2]),
)
def test_wherever_walks_are_cut_no_generation_is_passed_by(
    calls: list[tuple[float, float, float]], rounds: list[tuple[int, int, int]], version: int
) -> None:
    langfuse = Growing(calls)
    langfuse.v2 = version == 2
    walker = Walker(langfuse, NOW - 7200)
    taken: list[str] = []
    for pause_s, most_pages, page_s in [*rounds, (20_000, 1000, 0)]:
        langfuse.clock += pause_s
        walking = walker.pages(langfuse.clock)
        for page in itertools.islice(walking, most_pages):
            taken += [str(one["id"]) for one in page.records]
            langfuse.clock += page_s
        walking.close()
    assert set(taken) == {f"obs-{n:04}" for n in range(len(calls))}
    # Version 1's pages move by what appears meanwhile; the claims know what comes again.
    assert len(taken) == len(calls) or version == 1


def test_a_cursor_that_is_refused_begins_the_stretch_again(langfuse: FakeLangfuse) -> None:
    langfuse.records = [observation(n, NOW - 60 * n - 1) for n in range(4)]
    walker = Walker(langfuse, NOW - 86_400)
    walker.place = walker.place._replace(until=NOW, cursor="no cursor of theirs")
    assert walker.ids(NOW + 60) == ["0000", "0001", "0002", "0003"]


def test_an_empty_page_between_is_no_end() -> None:
    langfuse = FakeLangfuse(observation(1, NOW - 60))
    langfuse.told = [httpx.Response(200, json={"data": [], "meta": {"cursor": "W10="}})]
    langfuse.told.append(
        httpx.Response(200, json={"data": langfuse.records, "meta": {"cursor": None}})
    )
    assert Walker(langfuse, NOW - 600).ids(NOW) == ["0001"]


def test_a_cursor_that_leads_nowhere_ends_the_walk() -> None:
    langfuse = FakeLangfuse()
    again = {"data": [observation(1, NOW - 60)], "meta": {"cursor": "same"}}
    langfuse.told = [httpx.Response(200, json=again) for _ in range(3)]
    with pytest.raises(AwayError, match="leads to the same page"):
        Walker(langfuse, NOW - 600).ids(NOW)
    assert len(langfuse.asked) == 2


def test_a_repeat_on_the_next_page_comes_once() -> None:
    langfuse = FakeLangfuse()
    one = observation(1, NOW - 60)
    langfuse.told = [
        httpx.Response(200, json={"data": [one], "meta": {"cursor": "a"}}),
        httpx.Response(200, json={"data": [one, observation(2, NOW - 70)], "meta": {}}),
    ]
    assert Walker(langfuse, NOW - 600).ids(NOW) == ["0001", "0002"]


def test_a_page_without_a_list_is_no_page() -> None:
    langfuse = FakeLangfuse()
    langfuse.told = [httpx.Response(200, json={"data": "soon"})]
    with pytest.raises(AwayError, match="without a list"):
        Walker(langfuse, NOW - 600).ids(NOW)


def test_a_clock_behind_the_place_is_one_walk(langfuse: FakeLangfuse) -> None:
    walker = Walker(langfuse, NOW + 600)
    assert walker.ids(NOW) == []
    assert walker.place.since == NOW + 600
