"""Every table has its bound on the page for operators, and what is deleted is what it says."""

import re
from pathlib import Path

from tierwatch.store.schema.every_table import METADATA
from tierwatch.store.traffic.partitions import FIGURE_TABLES, TEXT_TABLES
from tierwatch.store.traffic.retention import LEFTOVERS

PAGE = Path(__file__).parents[2] / "docs" / "operate.md"


def stated() -> dict[str, str]:
    """By table, the sentence that says what bounds it."""
    section = PAGE.read_text().split("## What grows, and what bounds it")[1].split("\n## ")[0]
    bounds: dict[str, str] = {}
    for row in section.splitlines():
        if match := re.fullmatch(r"\| (`.+?) \| (.+) \|", row):
            for table in re.findall(r"`(\w+)`", match[1]):
                assert table not in bounds, f"{table} stands there twice"
                bounds[table] = match[2]
    return bounds


def test_every_table_has_a_stated_bound() -> None:
    missing = sorted(METADATA.tables.keys() - stated().keys())
    assert missing == [], (
        f"what keeps {missing} from growing for ever? Say it in docs/operate.md; what is deleted"
        " has its condition in app/store/traffic/retention.py"
    )
    assert sorted(stated().keys() - METADATA.tables.keys()) == []


def test_what_is_deleted_is_said_to_be() -> None:
    said = stated()
    assert [table for table in LEFTOVERS if "deleted" not in said[table]] == []
    for table in (*FIGURE_TABLES, *TEXT_TABLES):
        assert said[table].startswith("a partition a month")


def test_what_is_said_to_be_kept_is_not_deleted() -> None:
    kept = {table for table, bound in stated().items() if bound.startswith("kept")}
    assert not kept & set(LEFTOVERS)
    assert "audit" in kept


def test_what_is_said_to_be_deleted_is() -> None:
    # With the month that they count, and by the outbox itself.
    elsewhere = {
        "failures", "rollups", "hour_sums", "hour_verdicts", "hour_failures", "outside_counts",
        "exchange_media", "boundary_counts", "alert_events", "deliveries",
    }  # fmt: skip
    said = {table for table, bound in stated().items() if "deleted" in bound}
    assert said - elsewhere == set(LEFTOVERS)
