"""The house keeps its measure: no file, function or folder too large, no cycles, few ``Any``."""

import statistics

import pytest
from conventions import house

FOUND = house.modules()
# JSON of other people's programs; the reason stands beside each.
MOST_ANY = 30


def test_the_median_file_fits_on_a_page_or_two() -> None:
    assert statistics.median(one.lines for one in FOUND) <= 120


def test_no_file_is_too_long() -> None:
    assert [one.path for one in FOUND if one.lines > house.MOST_LINES] == []


def test_no_function_is_too_long() -> None:
    assert house.long_functions(FOUND, house.MOST_IN_A_FUNCTION) == []


def test_no_folder_is_crowded() -> None:
    sizes = house.folder_sizes(FOUND)
    assert {path: n for path, n in sizes.items() if n > house.MOST_IN_A_FOLDER} == {}


@pytest.mark.parametrize("deferred", [False, True])
def test_no_modules_import_each_other_in_a_circle(*, deferred: bool) -> None:
    assert house.import_cycles(FOUND, deferred=deferred) == []


def test_signatures_of_loop_and_store_say_their_types() -> None:
    places = house.any_in_signatures(FOUND)
    assert len(places) <= MOST_ANY, places


def test_tests_are_a_second_map_of_some_length() -> None:
    assert house.test_lines_a_source_line(FOUND) >= 1.2


def test_the_search_for_cycles_finds_them() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"e2"}, "e2": {"e"}}
    assert house.cycles(arrows) == [["a", "b", "c"], ["e", "e2"]]
    assert house.cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
