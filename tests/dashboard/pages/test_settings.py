from typing import Any

from tierwatch.config import Config
from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.pages.settings import settings_page


def test_values_stand_by_section_in_the_order_of_the_file(config: Config) -> None:
    values = [ShownValue(key, "x", "default") for key in ("b.one", "a[0].url", "b.two.three")]
    page = settings_page(config, values, [])
    assert [(name, len(inside)) for name, inside in page.sections] == [("b", 2), ("a", 1)]


def test_the_page_shows_values_with_where_they_came_from(viewer: Any, config: Config) -> None:
    page = viewer.page("/settings")
    assert config.path in page
    assert "<b>25</b>" in page  # the budget, of the file
    assert "line 10" in page
    assert '<span class="quiet">64</span>' in page  # calls in flight, a default
    assert "TIERWATCH_SECRET_KEY" in page
    assert "s" * 32 not in page
