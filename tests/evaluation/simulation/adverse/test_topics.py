"""The table of adverse topics: every one is run, and its rows are said as they come."""

import pytest

from tierwatch.evaluation.simulation.adverse import topics
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row


def test_every_topic_yields_rows_and_no_promise_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "QUICK", Effort(runs=0.01, length=0.02))
    said: list[Row] = []
    rows = topics.adverse(quick=True, said=said.append)
    assert tuple(said) == rows
    assert len(rows) >= len(topics.TOPICS)
    assert [row for row in rows if row.verdict == "fails"] == []
    for row in rows:
        assert row.low <= row.value <= row.high
    # What stands in the table is in words, each line once.
    assert len({(row.bar, row.recipe, row.measure) for row in rows}) == len(rows)


def test_a_seed_gives_the_same_rows_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "QUICK", Effort(runs=0.01, length=0.02))
    monkeypatch.setattr(topics, "TOPICS", topics.TOPICS[:2])
    assert topics.adverse(quick=True) == topics.adverse(quick=True)


def test_a_full_run_is_asked_for_the_full_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Effort, int]] = []

    def rows(effort: Effort, seed: int) -> list[Row]:
        asked.append((effort, seed))
        return []

    monkeypatch.setattr(topics, "TOPICS", (topics.Topic("nothing", rows),))  # type: ignore[arg-type]
    assert topics.adverse(quick=False, seed=3) == ()
    assert asked == [(topics.FULL, 3)]
