"""A twin is its exchange a second time: as stored, as spooled, and where something is wrong."""

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import build_recorder, counts, decided, rows, scalar, served
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tierwatch.dispatch import SHADOW, KeptDispatch
from tierwatch.evaluation.sampling.inclusion import Direct, Inclusion
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.outside import FITS_NOT
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.merging import merged
from tierwatch.loop.capture.counts import Batch, Sampled
from tierwatch.loop.capture.direct.twins import TwinDocument, of_exchanges, twin_id, twins
from tierwatch.loop.capture.document import (
    BatchDocument,
    batch_document,
    read_document,
    twin_documents,
    without_exchanges,
)
from tierwatch.loop.capture.exchange import arrival_ms, new_exchange_id
from tierwatch.loop.capture.postgres import BatchStore

EVERY = SamplingPlan(1.0, direct_share=1.0)


@given(st.floats(0, 4e9), st.text(max_size=20))
def test_an_id_is_of_the_same_moment_and_the_same_each_time(at: float, tier: str) -> None:
    exchange_id = new_exchange_id(at)
    found = twin_id(exchange_id, tier)
    assert found == twin_id(exchange_id, tier)
    assert found != exchange_id
    assert arrival_ms(found) == arrival_ms(exchange_id)
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert twin_id(exchange_id, tier + "2") != found


def sampled(**changes: Any) -> Sampled:
    exchange = served(**changes)
    direct = Direct("complex", 0.5, 0.25)
    return Sampled(exchange, Inclusion("up", "standard", 0.5, 0.5, direct=direct), 1, 0.5)


def document_of(*found: Sampled, **changes: Any) -> BatchDocument:
    batch = Batch()
    batch.sampled.extend(found)
    options = {"redact": lambda words: words, "digest_key": b"key", "fail": lambda *_: None}
    return batch_document(batch, **(options | changes))


def test_a_twin_is_its_exchange_compared_with_the_top_tier() -> None:
    one = sampled(session="a talk")
    document = document_of(one)
    [exchange], [twin] = document["exchanges"], twin_documents(document)
    own = {"id", "direction", "alternative_tier", "pi", "media"}
    assert {name for name in exchange if exchange[name] != twin[name]} == own - {"media"}  # type: ignore[literal-required]
    assert twin["id"] == str(twin_id(one.served.exchange_id, "complex"))
    assert (twin["direction"], twin["alternative_tier"], twin["pi"]) == ("top", "complex", 0.25)
    # The plain rate of the sample, and the key of the same marks.
    assert (twin["rate"], twin["mark_key"]) == (0.5, exchange["mark_key"])


def test_a_spooled_batch_has_it_in_few_words_that_an_older_version_passes_over() -> None:
    document = document_of(sampled())
    line = json.dumps(document).encode()
    assert twin_documents(read_document(line)) == twin_documents(document)
    older = {name: part for name, part in document.items() if name != "direct"}
    assert twin_documents(read_document(json.dumps(older).encode())) == []
    assert len(json.dumps(document["direct"])) < 250


def test_batches_that_become_one_keep_their_twins() -> None:
    parts = [document_of(sampled()), document_of(sampled(), sampled())]
    assert twin_documents(merged(parts)) == [one for part in parts for one in twin_documents(part)]


def test_without_its_exchange_there_is_no_twin() -> None:
    document = without_exchanges(document_of(sampled()))
    assert document["direct"] == twin_documents(document) == []


def test_what_the_top_tier_cannot_be_asked_has_no_twin_and_is_evidence_all_the_same() -> None:
    def read(one: Sampled) -> str:
        return FITS_NOT if one.chosen.alternative_tier == "complex" else ""

    document = document_of(sampled(), read=read)
    assert (len(document["exchanges"]), document["direct"], document["counts"]) == (1, [], [])


def test_a_reader_that_fails_for_the_top_tier_costs_the_twin_alone() -> None:
    def read(one: Sampled) -> str:
        if one.chosen.alternative_tier == "complex":
            raise RuntimeError("no such tier")
        return ""

    document = document_of(sampled(), read=read)
    assert (len(document["exchanges"]), document["direct"]) == (1, [])


@pytest.mark.parametrize("row", [None, "row", {}, {"of": "nobody"}, [], {"of": None}])
def test_a_row_of_nobody_is_none(row: Any) -> None:
    exchanges: list[Any] = [{"id": "one"}, "no exchange", None]
    assert twins(exchanges, [row]) == of_exchanges(exchanges, [row]) == []


def recorded(engine: Engine, folder: Path, dispatch: KeptDispatch, **changes: Any) -> uuid.UUID:
    """An exchange of a batch that is committed; the ids of what is asked stay in the dispatch."""
    exchange = served(**changes)
    recorder = build_recorder(engine, dispatch, folder, plan=EVERY)
    recorder.record(exchange)
    recorder.stop()
    return exchange.exchange_id


def test_twins_are_stored_beside_what_is_counted(engine: Engine, tmp_path: Path) -> None:
    dispatch = KeptDispatch()
    exchange_id = recorded(engine, tmp_path, dispatch, session="a secret talk")
    assert counts(engine) == (1, 1, 0)
    first, twin = rows(engine, "select * from exchanges order by direction desc")
    assert [first.id, twin.id] == [exchange_id, twin_id(exchange_id, "complex")]
    assert (first.direction, twin.direction) == ("up", "top")
    assert twin.session == first.session
    assert first.session.startswith("a [KEY] talk#")
    [direct] = rows(engine, "select * from direct_pairs")
    assert (direct.exchange_id, direct.twin_id, direct.tier) == (first.id, twin.id, "complex")
    assert (direct.share, direct.pi) == (1.0, 1.0)
    assert {message[1] for message in dispatch.sent if message[0] == SHADOW} == {first.id, twin.id}
    assert scalar(engine, "select count(distinct (request, answer)) from exchange_texts") == 1
    assert scalar(engine, "select count(distinct key) from mark_keys") == 1
    assert scalar(engine, "select count(*) from mark_keys") == 2


@pytest.mark.parametrize("tier", ["standard", "complex"])
def test_next_to_the_top_there_are_none(engine: Engine, tmp_path: Path, tier: str) -> None:
    decision = replace(decided(tier, 0.4), escalated=False, reason="kept")
    recorded(engine, tmp_path, KeptDispatch(), decision=decision)
    assert scalar(engine, "select count(*) from exchanges") == 1
    assert scalar(engine, "select count(*) from direct_pairs") == 0


def test_a_batch_that_is_sent_twice_has_each_twin_once(engine: Engine, tmp_path: Path) -> None:
    document = document_of(sampled())
    store = BatchStore(engine, KeptDispatch(), DeadLetters(tmp_path, max_bytes=1_000_000))
    for flush in (document["flush_id"], document["flush_id"], str(uuid.uuid4())):
        store.commit({**document, "flush_id": flush})
    assert scalar(engine, "select count(*) from exchanges") == 2
    assert scalar(engine, "select count(*) from direct_pairs") == 1


@pytest.mark.parametrize(
    "change", [{"pi": "half"}, {"pi": 2.0}, {"share": None}, {"tier": "a\x00b"}, {"id": "no id"}]
)
def test_a_twin_that_cannot_be_stored_costs_itself(
    engine: Engine, tmp_path: Path, change: dict[str, Any]
) -> None:
    document = document_of(sampled(), sampled())
    row: dict[str, Any] = {**document["direct"][0], **change}
    bad: TwinDocument = row  # type: ignore[assignment]
    document["direct"][0] = bad
    letters = DeadLetters(tmp_path, max_bytes=1_000_000)
    store = BatchStore(engine, KeptDispatch(), letters)
    store.commit(document)
    assert scalar(engine, "select count(*) from exchanges where direction = 'up'") == 2
    assert scalar(engine, "select count(*) from direct_pairs") == 1
    assert scalar(engine, "select count(*) from exchanges where direction = 'top'") == 1
    [letter] = [one for one in letters.letters() if one is not None]
    assert (letter.what, letter.exchange_ids) == ("direct", [document["exchanges"][0]["id"]])
    # Put back once it can be: the twin alone is new.
    assert letter.document is not None
    letter.document["direct"][0] = document_of(sampled())["direct"][0] | {  # type: ignore[typeddict-item]
        "of": row["of"],
        "id": str(twin_id(uuid.UUID(row["of"]), "complex")),
    }
    store.commit(letter.document)
    assert scalar(engine, "select count(*) from exchanges where direction = 'up'") == 2
    assert scalar(engine, "select count(*) from direct_pairs") == 2


def test_an_exchange_that_cannot_be_stored_takes_its_twin_into_the_letter(
    engine: Engine, tmp_path: Path
) -> None:
    document = document_of(sampled(), sampled())
    document["exchanges"][0]["pi"] = 7.0
    letters = DeadLetters(tmp_path, max_bytes=1_000_000)
    BatchStore(engine, KeptDispatch(), letters).commit(document)
    assert scalar(engine, "select count(*) from exchanges") == 2
    assert scalar(engine, "select count(*) from direct_pairs") == 1
    [letter] = [one for one in letters.letters() if one is not None]
    assert letter.what == "exchange"
    assert letter.document is not None
    assert letter.document["direct"] == [document["direct"][0]]


def test_a_letter_of_an_older_version_has_no_twins(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=1_000_000)
    older: Any = {"flush_id": str(uuid.uuid4()), "counts": [], "boundaries": [], "exchanges": []}
    line = {"version": 1, "what": "batch", "cause": "", "document": older, "line": "", "at": 1.0}
    (tmp_path / "dead-letters.jsonl").write_text(json.dumps(line | {"about": None}) + "\n")
    [letter] = letters.letters()
    assert letter is not None
    assert letter.document is not None
    assert (letter.document["direct"], letter.document["weights"]) == ([], [])
