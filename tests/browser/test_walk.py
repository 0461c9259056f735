"""Kinds of pages are told apart by their addresses, and each is opened once."""

from typing import Any

import pytest
from browser.walk import UNLINKED, kind, walk

SITE = {
    "/": ["/alerts", "/pairs", "/logout", "https://elsewhere.example/"],
    "/alerts": ["/alerts/1", "/alerts/2", "/alerts/export.csv", "/pairs/export", "/api/v1/alerts"],
    "/alerts/1": ["/alerts/1/label", "/"],
    "/pairs": [],
}


class Page:
    """A browser's page on a site of links."""

    def __init__(self) -> None:
        self.url = "http://127.0.0.1:9/"
        self.opened: list[str] = []

    def goto(self, url: str) -> None:
        self.url = url
        self.opened.append(url.removeprefix("http://127.0.0.1:9"))

    def locator(self, _: str) -> "Page":
        return self

    def evaluate_all(self, _: str) -> list[str]:
        links = SITE.get(self.opened[-1], [])
        return [one if "://" in one else f"http://127.0.0.1:9{one}" for one in links]


@pytest.mark.parametrize(("most", "alerts"), [(1, ["/alerts/1"]), (2, ["/alerts/1", "/alerts/2"])])
def test_each_kind_is_opened_so_often_and_files_and_others_never(
    most: int, alerts: list[str]
) -> None:
    page: Any = Page()
    found = list(walk(page, most=most))
    assert found == page.opened
    assert [one for one in found if kind(one) == "/alerts/{id}"] == alerts
    assert {"/", "/alerts", "/pairs", "/alerts/1/label", *UNLINKED} <= set(found)
    for never in (
        "/logout",
        "/alerts/export.csv",
        "/pairs/export",
        "/api/v1/alerts",
        "https://elsewhere.example/",
    ):
        assert never not in found


@pytest.mark.parametrize(
    ("path", "of_kind"),
    [("/", "/"), ("/rollouts/3", "/rollouts/{id}"), ("/pairs/12ab", "/pairs/12ab")],
)
def test_an_id_is_a_number_or_a_uuid(path: str, of_kind: str) -> None:
    assert kind(path) == of_kind
