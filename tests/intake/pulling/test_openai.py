"""OpenAI's pages: each completion once with its messages, and a cursor that may be gone."""

from collections.abc import Iterator

import pytest
from fakes.vendor_pages import FakeOpenAI, completion

from tierwatch.intake.files.openai import read
from tierwatch.intake.pulling import openai as module
from tierwatch.intake.pulling.asking import Api, AwayError, KeyRefusedError
from tierwatch.intake.pulling.openai import pages
from tierwatch.intake.pulling.pages import Page, Walk
from tierwatch.intake.pulling.place import PullPlace

NOW = 1_795_995_000.0
OVERLAP = 600.0


class Walker:
    """Walks again and again, from place to place."""

    def __init__(self, vendor: FakeOpenAI, since: float = NOW - 86_400) -> None:
        self.vendor = vendor
        self.place = PullPlace(since)

    def pages(self, now: float) -> Iterator[Page]:
        headers = {"authorization": self.vendor.authorization}
        with Api(
            "http://x/v1", headers, pause=lambda _: False, transport=self.vendor.transport
        ) as api:
            for page in pages(api, Walk(self.place, now, OVERLAP)):
                self.place = page.after
                yield page

    def ids(self, now: float = NOW) -> list[int]:
        return [int(str(one["id"])[9:]) for page in self.pages(now) for one in page.records]


@pytest.fixture
def openai() -> FakeOpenAI:
    fake = FakeOpenAI(*(completion(n, NOW - 3000 + 300 * n) for n in range(10)))
    fake.most = 4
    return fake


def test_every_completion_comes_once_with_its_messages(openai: FakeOpenAI) -> None:
    walker = Walker(openai)
    records = [one for page in walker.pages(NOW) for one in page.records]
    assert len(records) == 10
    (call,) = read(records[3]).calls
    assert call.request["messages"] == [{"role": "user", "content": "What is chatcmpl-0003?"}]
    assert call.finished
    asked = len(openai.asked)
    assert walker.ids(NOW + 60) == []
    assert not any(path.endswith("/messages") for path in openai.paths[asked:])


def test_the_cursor_stays_behind_what_may_come_late(openai: FakeOpenAI) -> None:
    walker = Walker(openai)
    walker.ids()
    assert walker.place.cursor == "chatcmpl-0007"  # the last that is older than the overlap
    openai.records.append(completion(77, NOW - 400))
    assert walker.ids(NOW + 60) == [77]
    assert walker.ids(NOW + 120) == []
    walker.ids(NOW + 2000)
    assert (walker.place.cursor, walker.place.seen.keys()) != ("chatcmpl-0007", set())
    assert len(walker.place.seen) == 1  # of the second of its cursor


def test_what_is_older_than_the_begin_is_passed_by(openai: FakeOpenAI) -> None:
    assert Walker(openai, NOW - 1500).ids() == [5, 6, 7, 8, 9]
    assert sum(path.endswith("/messages") for path in openai.paths) == 5


@pytest.mark.parametrize("gone", [404, 400])
def test_a_cursor_that_is_gone_begins_again_and_brings_nothing_twice(
    openai: FakeOpenAI, gone: int
) -> None:
    walker = Walker(openai)
    walker.ids()
    openai.gone = gone
    openai.records = [one for one in openai.records if one["id"] != "chatcmpl-0007"]
    openai.records.append(completion(20, NOW + 30))
    assert walker.ids(NOW + 60) == [20]


def test_many_messages_are_read_to_their_end(openai: FakeOpenAI) -> None:
    long = [{"id": f"m{n}", "role": "user", "content": str(n)} for n in range(9)]
    openai.messages["chatcmpl-0000"] = long
    (first, *_) = [one for page in Walker(openai).pages(NOW) for one in page.records]
    assert first["messages"] == long


def test_endless_messages_are_no_question(
    openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_MESSAGE_PAGES", 2)
    openai.messages["chatcmpl-0000"] = [{"id": f"m{n}", "role": "user"} for n in range(9)]
    (first, *_) = [one for page in Walker(openai).pages(NOW) for one in page.records]
    (call,) = read(first).calls
    assert call.outside == "intake_no_question"


def test_a_completion_that_is_deleted_meanwhile_hinders_nobody(openai: FakeOpenAI) -> None:
    walker = Walker(openai)
    walking = walker.pages(NOW)
    next(walking)
    openai.records = openai.records[:4]
    assert [page.records for page in walking] == [[]]


def test_nothing_stored_is_an_empty_page() -> None:
    walker = Walker(FakeOpenAI())
    assert walker.ids() == []
    assert walker.place == PullPlace(NOW - 86_400)


def test_a_list_that_does_not_go_on_ends_the_walk(openai: FakeOpenAI) -> None:
    class Stuck(FakeOpenAI):
        def answer(self, path: str, params: dict[str, str]) -> object:  # type: ignore[override]
            params.pop("after", None)
            return super().answer(path, params)

    stuck = Stuck(*openai.records)
    stuck.most = 4
    with pytest.raises(AwayError, match="leads to the same page"):
        Walker(stuck).ids()


def test_a_refused_key_ends_the_walk_and_keeps_the_place(openai: FakeOpenAI) -> None:
    walker = Walker(openai)
    walking = walker.pages(NOW)
    next(walking)
    openai.refuses = True
    with pytest.raises(KeyRefusedError):
        list(walking)
    openai.refuses = False
    assert walker.ids() == [4, 5, 6, 7, 8, 9]
