"""Charts with scripts and without: drawn, hovered over, dragged over, true to the policy."""

from collections.abc import Callable
from typing import Any

import pytest
from browser.stage import log_in

from .conftest import Served

pytestmark = pytest.mark.browser


@pytest.fixture
def overview(open_browser: Callable[..., Any], served: Served) -> Callable[..., Any]:
    def show(**window: Any) -> Any:
        served.add_user("ada", "viewer")
        page = open_browser(**window)
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text))
        page.on("pageerror", lambda problem: said.append(str(problem)))
        page.goto("/")
        log_in(page, "ada")
        page.goto("/?from=all")
        return page, said

    return show


def test_charts_are_drawn_and_nothing_breaks_the_policy(overview: Callable[..., Any]) -> None:
    page, said = overview()
    figure = page.locator("figure.drawn").first
    figure.wait_for()
    assert page.locator("figure.drawn").count() == page.locator("figure[data-chart]").count() > 0
    assert figure.locator("canvas").count() == 1
    assert "your zone" in figure.locator(".zone").inner_text()
    area = figure.locator(".u-over")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    figure.locator(".tip:not([hidden])").wait_for()
    assert "UTC)" in figure.locator(".tip").inner_text()
    assert said == []


def test_dragging_over_time_chooses_a_range(overview: Callable[..., Any]) -> None:
    page, _ = overview()
    area = page.locator("figure.drawn .u-over").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 30, steps=4)
    page.mouse.up()
    page.wait_for_url("**/?from=20*&to=20*")
    assert page.locator('input[name="from"]').input_value().startswith("20")


def test_without_scripts_there_is_a_picture_and_a_table(overview: Callable[..., Any]) -> None:
    page, _ = overview(javascript=False)
    figure = page.locator("figure[data-chart]").first
    assert figure.locator("svg").bounding_box()["height"] > 100
    figure.locator("summary").click()
    assert "UTC" in figure.locator("tbody td").first.inner_text()


def test_what_moves_is_put_in_anew_and_drawn_again(
    overview: Callable[..., Any], served: Served
) -> None:
    page, said = overview()
    page.locator("figure.drawn").first.wait_for()
    before = page.locator("#state").inner_text()
    page.evaluate("document.getElementById('state').dataset.old = 'yes'")
    with page.expect_response(lambda answer: "from=all" in answer.url) as answer:
        page.evaluate("document.dispatchEvent(new Event('tierwatch:refresh'))")
    assert answer.value.request.headers["x-tierwatch-live"] == "1"
    # Nothing has moved: nothing is touched, and the chart is still there.
    assert page.locator("#state").inner_text() == before
    assert page.locator("figure.drawn").count() > 0
    assert said == []
