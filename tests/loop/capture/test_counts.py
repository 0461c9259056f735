"""Figures add up whatever the order, and become the columns they are named for."""

import datetime as dt

from fakes.collaborators import decided, served
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.counts import (
    DROPPED,
    FIGURES,
    WIDTH,
    BoundaryKey,
    Key,
    add,
    key_of,
    note_largest,
    one_dropped,
    padded,
    rollup,
)
from tierwatch.store.traffic.rollups import RollupColumns

KEYS: list[Key] = [
    (0, "simple", "all", 3, 1),
    (60, "simple", "all", 3, 1),
    (0, "complex", "all", 3, 1),
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.lists(st.integers(0, 1_000).map(float), min_size=WIDTH, max_size=WIDTH),
    )
)


def added(rows: list[tuple[Key, list[float]]]) -> dict[Key, list[float]]:
    counts: dict[Key, list[float]] = {}
    for key, row in rows:
        add(counts, key, row)
    return counts


@given(ROWS)
def test_the_order_of_batches_does_not_matter(rows: list[tuple[Key, list[float]]]) -> None:
    assert added(rows) == added(rows[::-1])


@given(ROWS)
def test_nothing_is_lost_on_the_way(rows: list[tuple[Key, list[float]]]) -> None:
    before = sum(sum(row) for _, row in rows)
    assert sum(sum(row) for row in added(rows).values()) == before


def test_a_row_that_was_added_is_not_kept_by_its_list() -> None:
    row = [1.0] * WIDTH
    counts = added([(KEYS[0], row), (KEYS[0], row)])
    assert row == [1.0] * WIDTH
    assert counts[KEYS[0]] == [2.0] * WIDTH


def test_every_figure_is_a_column_of_its_own() -> None:
    figures = [float(place) for place in range(1, WIDTH + 1)]
    columns = rollup((120, "simple", "sql", 7, 3), figures)
    assert columns["minute"] == dt.datetime(1970, 1, 1, 0, 2, tzinfo=dt.UTC)
    assert (columns["tier"], columns["task_type"]) == ("simple", "sql")
    assert (columns["bin"], columns["policy_version"]) == (7, 3)
    assert [columns[name] for name in FIGURES] == figures  # type: ignore[literal-required]
    assert set(columns) == set(RollupColumns.__annotations__)


def test_what_is_counted_is_whole() -> None:
    columns = rollup(KEYS[0], [1.0] * WIDTH)
    whole = {name for name, kind in RollupColumns.__annotations__.items() if kind is int}
    assert {name for name, value in columns.items() if isinstance(value, int)} == whole


def test_one_dropped_adds_one_figure() -> None:
    assert one_dropped()[DROPPED] == 1
    assert sum(one_dropped()) == 1
    assert FIGURES[DROPPED] == "dropped"


def test_only_what_is_missing_is_padded() -> None:
    assert padded([]) == [0.0] * WIDTH
    assert padded([5.0] * WIDTH) == [5.0] * WIDTH


def test_a_request_is_counted_at_the_minute_it_arrived() -> None:
    decision = decided("standard", 0.5, task_type="sql", policy_version=4)
    for second, minute in ((0.0, 0), (59.999, 0), (60.0, 60), (119.5, 60)):
        # Bin 10 of 20: confidence .50 up to .55.
        assert key_of(served(decision, arrived_at=second)) == (minute, "standard", "sql", 10, 4)


def test_the_largest_weight_is_noted_and_nothing_is_noted_as_well() -> None:
    weights: dict[BoundaryKey, float] = {}
    for weight in (0.0, 20.0, 12.0):
        note_largest(weights, (1, "simple", 71), weight)
    note_largest(weights, (1, "simple", 40), 0.0)
    assert weights == {(1, "simple", 71): 20.0, (1, "simple", 40): 0.0}
