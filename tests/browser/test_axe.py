"""No page breaks a rule of axe-core: on a phone and on a desk, in light and in dark."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser.axe import axe_script, violations
from browser.stage import log_in
from browser.walk import kind, walk

from .conftest import Served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def script() -> str:
    try:
        return axe_script()
    except LookupError as why:
        pytest.skip(str(why))


@pytest.fixture
def window(chromium: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Opens a window whose pages take the script of a test."""
    contexts = []

    def open_one(*, width: int, scheme: str) -> Any:
        context = chromium.new_context(
            base_url=served.address,
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            bypass_csp=True,
        )
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_breaks_a_rule(
    window: Callable[..., Any], served: Served, script: str, width: int, scheme: str
) -> None:
    served.add_user("ada", "admin")
    page = window(width=width, scheme=scheme)
    page.goto("/login")
    broken = {"/login": violations(page, script)}
    log_in(page, "ada")
    for path in walk(page):
        # What is folded up is read too.
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        broken[path] = violations(page, script)
    assert {path: found for path, found in broken.items() if found} == {}
    # The walk has seen what there is: a page that no link leads to would be in none of these.
    kinds = {kind(path) for path in broken}
    assert {"/", "/alerts/{id}", "/proposals/{id}", "/pairs/{id}", "/users", "/settings"} <= kinds
