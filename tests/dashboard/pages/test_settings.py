from typing import Any

from tierwatch.config import Config
from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.pages.settings import settings_page


def test_values_stand_by_section_in_the_order_of_the_file(config: Config) -> None:
    values = [
        ShownValue(key, "x", "default" if "two" in key else "line 3")
        for key in ("b.one", "a[0].url", "b.two.three")
    ]
    page = settings_page(config, values, [ShownValue("HOME", "/root", "default")])
    assert [(one.name, len(one.values), one.changed) for one in page.sections] == [
        ("b", 2, 1),
        ("a", 1, 1),
        ("Environment", 1, 0),
    ]


def test_a_part_of_a_key_or_of_a_value_finds_it(config: Config) -> None:
    values = [ShownValue("b.one", "Apple", "default"), ShownValue("a.two", "pear", "default")]
    for asked, found in (("APPLE", ["b"]), ("two", ["a"]), ("", ["b", "a"]), ("plum", [])):
        page = settings_page(config, values, [], asked=asked)
        assert [one.name for one in page.sections] == found, asked


def test_the_page_shows_values_with_where_they_came_from(viewer: Any, config: Config) -> None:
    page = viewer.page("/settings")
    assert config.path in page
    assert "<b>25</b>" in page  # the budget, of the file
    assert "line 10" in page
    assert '<span class="quiet">64</span>' in page  # calls in flight, a default
    assert "TIERWATCH_SECRET_KEY" in page
    assert "s" * 32 not in page


def test_sections_are_folded_until_something_is_looked_for(viewer: Any) -> None:
    assert "<details>" in viewer.page("/settings")
    found = viewer.page("/settings?q=budget_usd")
    assert "<details open>" in found
    assert "TIERWATCH_SECRET_KEY" not in found
    hostile = viewer.page("/settings?q=<script>")
    assert "Nothing has <b" in hostile
    assert "<script>alert" not in hostile
    assert "&lt;script&gt;" in hostile
