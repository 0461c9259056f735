"""Batches are added once and whole, whatever is sent again and whatever Postgres refuses."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes.collaborators import build_recorder, counts, decided, rows, scalar, served
from fakes.outage import Outage
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from tierwatch.dispatch import KeptDispatch
from tierwatch.faults import FAULTS
from tierwatch.loop.capture.away import is_away
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.document import BatchDocument, batch_document
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.capture.recorder import CaptureRecorder


def document_of(folder: Path, *exchanges: ServedExchange) -> BatchDocument:
    """The document of a batch in which these were recorded."""
    recorder = build_recorder(create_engine("postgresql+psycopg://"), KeptDispatch(), folder)
    for exchange in exchanges:
        recorder.record(exchange)
    return batch_document(
        recorder._take(), redact=lambda words: words, digest_key=b"key", fail=unexpected
    )


def unexpected(exchange: ServedExchange, cause: str) -> None:
    raise AssertionError(f"{exchange.exchange_id}: {cause}")


def store_of(engine: Engine, dispatch: KeptDispatch, folder: Path) -> BatchStore:
    return BatchStore(engine, dispatch, DeadLetters(folder / "spool", max_bytes=1_000_000))


def test_a_batch_sent_twice_counts_once(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    document = document_of(tmp_path, served())
    store = store_of(engine, dispatch, tmp_path)
    store.commit(document)
    store.commit(document)
    assert store.requests == 1
    assert counts(engine) == (1, 1, 0)
    assert len(dispatch.sent) == 1


def test_a_row_postgres_refuses_costs_only_itself(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    good, bad = served(), served(provider="a\x00b")
    recorder.record(good)
    recorder.record(bad)
    recorder.flush()
    assert [row.id for row in rows(engine, "select id from exchanges")] == [good.exchange_id]
    assert recorder.dropped_total == 1


def test_a_batch_that_an_older_version_spooled_is_added_without_the_new_figures(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    document: Any = document_of(tmp_path, served())
    document["counts"] = [row[:-2] for row in document["counts"]]
    for name in ("cached_tokens", "cache_write_tokens", "classifier_cost_usd"):
        for row in document["exchanges"]:
            del row[name]
    store_of(engine, dispatch, tmp_path).commit(document)
    (rolled,) = rows(
        engine, "select requests, prompt_tokens, cached_tokens, classifier_cost_usd from rollups"
    )
    assert rolled == (1, 100, 0, 0.0)
    assert rows(engine, "select cached_tokens from exchanges") == [(0,)]


def test_a_refused_row_is_counted_as_dropped_where_it_was_counted(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    bad = served(decided("standard", 0.4), provider="a\x00b")
    document = document_of(tmp_path, served(), bad, served(decided("complex", 0.1)))
    store = store_of(engine, dispatch, tmp_path)
    store.commit(document)
    assert (store.refused, store.requests) == (1, 3)
    found = rows(engine, "select tier, requests, dropped from rollups order by tier")
    assert [tuple(row) for row in found] == [
        ("complex", 1, 0),
        ("simple", 1, 0),
        ("standard", 1, 1),
    ]
    assert len(dispatch.sent) == 2


def test_why_a_row_was_refused_is_logged_without_its_content(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    bad = served(provider="of a secret prompt\x00")
    before = FAULTS.counts().get(("capture: commit", "DataError"), 0)
    with structlog.testing.capture_logs() as logs:
        store_of(engine, dispatch, tmp_path).commit(document_of(tmp_path, bad))
    assert FAULTS.counts()["capture: commit", "DataError"] == before + 1
    assert "secret" not in str(logs)


def test_with_postgres_away_nothing_is_told_to_the_workers(
    outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    store = store_of(outage.engine, dispatch, tmp_path)
    for ask in (lambda: store.commit(document_of(tmp_path, served())), store.reach):
        with pytest.raises(OperationalError) as raised:
            ask()
        assert is_away(raised.value)
    assert dispatch.sent == []
    assert store.requests == 0


def test_a_table_that_is_not_there_yet_is_as_good_as_away(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table exchange_texts rename to not_migrated"))
    with pytest.raises(ProgrammingError) as raised:
        store_of(engine, dispatch, tmp_path).commit(document_of(tmp_path, served()))
    assert is_away(raised.value)
    # The counts came first in the transaction, and went with it.
    assert counts(engine) == (0, 0, 0)
    assert scalar(engine, "select count(*) from rollup_flushes") == 0


def test_a_broker_that_is_away_is_asked_once(engine: Engine, tmp_path: Path) -> None:
    class Refusing(KeptDispatch):
        asked = 0

        def shadow_exchanges(self, exchange_ids: Sequence[uuid.UUID]) -> bool:
            self.asked += 1
            return False

    dispatch = Refusing()
    store_of(engine, dispatch, tmp_path).commit(document_of(tmp_path, served(), served(), served()))
    # The rows are the truth: the sweep asks again for what was not sent.
    assert dispatch.asked == 1
    assert scalar(engine, "select count(*) from exchanges") == 3
