"""What Postgres does not take costs only itself: one exchange, one figure, one call."""

import random
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import (
    build_recorder,
    counts,
    decided,
    failed_attempt,
    scalar,
    served,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.document import BatchDocument, batch_document
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.isolate import isolated
from tierwatch.loop.capture.postgres import BatchStore

BEYOND = 2**63


def document_of(folder: Path, *exchanges: ServedExchange) -> Any:
    nobody: Any = None
    recorder = build_recorder(nobody, KeptDispatch(), folder)
    for exchange in exchanges:
        recorder.record(exchange)
    return batch_document(
        recorder._take(), redact=lambda words: words, digest_key=b"key", fail=lambda *_: None
    )


def committed(engine: Engine, folder: Path, document: BatchDocument) -> list[Letter]:
    letters = DeadLetters(folder / "spool", max_bytes=1_000_000)
    BatchStore(engine, KeptDispatch(), letters).commit(document)
    return [one for one in letters.letters() if one is not None]


def test_a_count_beyond_bigint_costs_its_figure_and_its_exchange(
    engine: Engine, tmp_path: Path
) -> None:
    bad = served(decided("standard", 0.4), prompt_tokens=BEYOND)
    document = document_of(tmp_path, served(), bad, served(decided("standard", 0.4)))
    letters = committed(engine, tmp_path, document)
    # The request that asked for too much and the one counted beside it are requests all the same.
    assert counts(engine) == (3, 3, 1)
    assert scalar(engine, "select count(*) from exchanges") == 2
    assert scalar(engine, "select sum(prompt_tokens) from rollups") == 100  # of the other tier
    assert [(one.what, one.cause) for one in letters] == [
        ("count", "NumericValueOutOfRange 22003"),
        ("exchange", "NumericValueOutOfRange 22003"),
    ]
    assert letters[1].exchange_ids == [str(bad.exchange_id)]


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), "many", None, [], 1e300, -(2**70)])
def test_a_figure_of_any_kind_costs_itself(engine: Engine, tmp_path: Path, figure: object) -> None:
    document = document_of(tmp_path, served(), served(decided("complex", 0.1)))
    document["counts"][0][12] = figure  # prompt tokens
    letters = committed(engine, tmp_path, document)
    assert counts(engine) == (2, 2, 0)
    assert [one.what for one in letters] == ["count"]
    assert scalar(engine, "select count(*) from exchanges") == 2


def test_a_key_that_is_none_takes_its_exchanges_with_it(engine: Engine, tmp_path: Path) -> None:
    """Otherwise more would be stored than was captured, and the funnel would not sum."""
    document = document_of(tmp_path, served(), served(decided("complex", 0.1)))
    document["counts"][0][1] = document["exchanges"][0]["tier"] = "a\x00b"
    letters = committed(engine, tmp_path, document)
    assert counts(engine) == (1, 1, 0)
    assert scalar(engine, "select count(*) from exchanges") == 1
    assert [(one.what, len(one.exchange_ids)) for one in letters] == [("count", 1)]


@pytest.mark.parametrize("row", [[], [1], "row", {}, None, [1, 2, 3, 4]])
def test_a_row_of_counts_of_another_shape_costs_itself(
    engine: Engine, tmp_path: Path, row: object
) -> None:
    document = document_of(tmp_path, served())
    document["counts"].append(row)
    letters = committed(engine, tmp_path, document)
    assert counts(engine) == (1, 1, 0)
    assert [one.what for one in letters] == ["count"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "no id"},
        {"arrived_at": "yesterday"},
        {"arrived_at": 1e300},
        {"confidence": None},
        {"tier": None},
        {"pi": "half"},
        {"request": {"a": "\x00"}},
    ],
)
def test_an_exchange_of_another_shape_costs_itself_and_is_counted_as_dropped(
    engine: Engine, tmp_path: Path, change: dict[str, object]
) -> None:
    document = document_of(tmp_path, served(), served(), served())
    document["exchanges"][1] |= change
    letters = committed(engine, tmp_path, document)
    assert counts(engine) == (3, 3, 1)
    assert scalar(engine, "select count(*) from exchanges") == 2
    assert [one.what for one in letters] == ["exchange"]


def test_an_exchange_without_half_its_keys_is_dropped_where_any_was_sampled(
    engine: Engine, tmp_path: Path
) -> None:
    document = document_of(tmp_path, served(), served())
    for name in ("tier", "confidence", "arrived_at"):
        del document["exchanges"][0][name]
    committed(engine, tmp_path, document)
    assert counts(engine) == (2, 2, 1)


def test_calls_and_boundaries_cost_themselves(engine: Engine, tmp_path: Path) -> None:
    document = document_of(
        tmp_path,
        served(attempts=(failed_attempt(), failed_attempt())),
        served(attempts=(failed_attempt(),)),
    )
    document["attempts"][1]["exchange_id"] = "no id"
    document["boundaries"].append((10**9, "simple", 40, 1))  # no such day
    document["boundaries"].append(("a day", "simple"))
    document["weights"] += [(10**9, "simple", 40, 1.0), (20_000, "simple", 40, 9.0)]
    letters = committed(engine, tmp_path, document)
    assert [one.what for one in letters] == ["boundary", "boundary", "weight", "attempt"]
    assert scalar(engine, "select max(largest_weight) from boundary_counts") == 9.0
    assert scalar(engine, "select count(*) from attempts") == 2
    assert scalar(engine, "select sum(requests) from boundary_counts") == 2
    assert counts(engine) == (2, 2, 0)


def test_a_letter_put_back_after_all_takes_back_that_it_was_dropped(
    engine: Engine, tmp_path: Path
) -> None:
    document = document_of(tmp_path, served(), served())
    document["exchanges"][0]["pi"] = "half"
    [letter] = committed(engine, tmp_path, document)
    assert counts(engine) == (2, 2, 1)
    back: Any = letter.document
    back["exchanges"][0]["pi"] = 0.5  # somebody has mended what was wrong
    store = BatchStore(engine, KeptDispatch(), DeadLetters(tmp_path, max_bytes=1))
    for _ in range(2):  # twice adds it once
        store.commit_whole(back)
        assert counts(engine) == (2, 2, 0)
        assert scalar(engine, "select count(*) from exchanges") == 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bad=st.sets(st.integers(0, 29)), seed=st.integers(0, 99))
def test_of_any_mixture_the_bad_are_found_and_the_good_stay(
    connection: Connection, tmp_path: Path, bad: set[int], seed: int
) -> None:
    chance = random.Random(seed)
    document = document_of(
        tmp_path,
        *(served(decided(chance.choice(("simple", "standard")), 0.5)) for _ in range(30)),
    )
    for place in bad:
        document["exchanges"][place][chance.choice(("pi", "confidence", "policy_version"))] = []
    split = isolated(connection, document)
    assert split.dropped == len(bad) == len(split.letters)
    good = [one for place, one in enumerate(document["exchanges"]) if place not in bad]
    assert split.document["exchanges"] == good
    assert split.document["flush_id"] == document["flush_id"]
    dropped = [row[10] for row in split.document["counts"]]
    assert sum(dropped) == len(bad)


def test_few_of_many_are_found_in_few_questions(engine: Engine, tmp_path: Path) -> None:
    """Halving: of 1,000 one costs 2 log2(1000) = 20 tries, not 1,000."""
    document = document_of(tmp_path, *(served() for _ in range(1_000)))
    document["exchanges"][618]["pi"] = None
    tried = []
    with engine.connect() as connection:
        begin_nested = connection.begin_nested

        def counted() -> Any:
            tried.append(1)
            return begin_nested()

        watched: Any = connection
        watched.begin_nested = counted
        assert isolated(connection, document).dropped == 1
    assert len(tried) < 40
