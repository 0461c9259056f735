"""What is stored of a batch: redacted, in JSON, readable by the next version."""

import datetime as dt
import json
import uuid

import orjson
from fakes.collaborators import decided, failed_attempt, rows, served
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tierwatch.evaluation.sampling.inclusion import Inclusion
from tierwatch.loop.capture.counts import WIDTH, Batch, Sampled, add, key_of
from tierwatch.loop.capture.document import (
    VERSION,
    batch_document,
    boundary_counts,
    count_of_row,
    counted_under,
    exchange_columns,
    largest_weights,
    read_document,
)
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.store.traced.their_span import reported


def test_text_is_redacted_before_it_is_stored(engine: Engine, recorder: CaptureRecorder) -> None:
    request = {"messages": [{"role": "user", "content": "my secret is \x00 \ud800"}]}
    answer = {"role": "assistant", "content": "the secret"}
    recorder.record(served(request=request, answer=answer))
    recorder.flush()
    row = rows(engine, "select request, answer from exchange_texts")[0]
    assert row.answer["content"] == "the [KEY]"
    assert "[KEY]" in row.request["messages"][0]["content"]
    assert "\x00" not in json.dumps(row.request)


def test_a_request_is_stored_on_the_wire_it_came_on(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    request = {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "system": [
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        ],
        "messages": [{"role": "user", "content": "2 + 2?"}],
    }
    headers = {"anthropic-beta": "effort-2025-11-24, the secret"}
    recorder.record(served(request=request, wire="anthropic", headers=headers))
    recorder.flush()
    row = rows(engine, "select request, wire, headers from exchange_texts")[0]
    assert (row.request, row.wire) == (request, "anthropic")
    assert row.headers == {"anthropic-beta": "effort-2025-11-24, the [KEY]"}


def test_failed_provider_calls_are_recorded(engine: Engine, recorder: CaptureRecorder) -> None:
    recorder.record(served(attempts=(failed_attempt(),)))
    recorder.flush()
    row = rows(engine, "select step, error, detail from attempts")[0]
    assert tuple(row) == ("serve", "server", "HTTP 500")


KEY = b"of this process"


def plain(words: str) -> str:
    return words


def never(exchange: ServedExchange, cause: str) -> None:
    raise AssertionError(f"{exchange.exchange_id}: {cause}")


def batch_of(*exchanges: ServedExchange) -> Batch:
    """A batch with these sampled at one in two."""
    batch = Batch()
    for number, exchange in enumerate(exchanges, 1):
        add(batch.counts, key_of(exchange), [1.0] * WIDTH)
        chosen = Inclusion("up", "standard", 0.5, 0.5)
        batch.sampled.append(Sampled(exchange, chosen, number, 0.5))
    return batch


def test_an_empty_batch_is_a_document_of_nothing() -> None:
    document = batch_document(Batch(), redact=plain, digest_key=KEY, fail=never)
    assert uuid.UUID(document.pop("flush_id"))
    parts = ("counts", "boundaries", "weights", "outside", "exchanges", "direct", "attempts")
    empty = {name: [] for name in parts}
    assert document == {"version": VERSION, **empty}


def test_each_document_has_an_id_of_its_own() -> None:
    first, second = (
        batch_document(Batch(), redact=plain, digest_key=KEY, fail=never) for _ in range(2)
    )
    assert first["flush_id"] != second["flush_id"]


@given(
    confidence=st.floats(0, 1),
    arrived_at=st.floats(0, 4e9),
    tier=st.sampled_from(["simple", "standard"]),
)
def test_a_document_says_what_its_exchanges_were_counted_under(
    confidence: float, arrived_at: float, tier: str
) -> None:
    exchange = served(decided(tier, confidence), arrived_at=arrived_at)
    document = batch_document(batch_of(exchange), redact=plain, digest_key=KEY, fail=never)
    through = orjson.loads(orjson.dumps(document))
    [row] = through["counts"]
    assert counted_under(through["exchanges"][0]) == count_of_row(row)[0] == key_of(exchange)


def test_what_comes_out_of_a_document_is_what_the_store_takes() -> None:
    exchange = served(arrived_at=1_800_000_000.25)
    document = batch_document(batch_of(exchange), redact=plain, digest_key=KEY, fail=never)
    columns = exchange_columns(orjson.loads(orjson.dumps(document))["exchanges"][0])
    assert columns["id"] == exchange.exchange_id
    assert columns["arrived_at"] == dt.datetime.fromtimestamp(1_800_000_000.25, dt.UTC)
    assert (columns["direction"], columns["alternative_tier"]) == ("up", "standard")
    assert (columns["rate"], columns["pi"]) == (0.5, 0.5)
    assert columns["request"] == exchange.request
    assert columns["confidences"] == {"simple": 0.9, "standard": 1.0}


def test_days_of_boundaries_are_dates_again() -> None:
    batch = Batch()
    batch.boundaries[20_000, "simple", 29] = 3
    document = batch_document(batch, redact=plain, digest_key=KEY, fail=never)
    # 1970-01-01 and 20,000 days: 54 years (19,723 days with 13 leap days) and 277 days of 2024.
    assert boundary_counts(document["boundaries"]) == [(dt.date(2024, 10, 4), "simple", 29, 3)]


def test_largest_weights_go_through_a_spool_and_are_missing_in_an_older_one() -> None:
    batch = Batch()
    batch.weights[20_000, "simple", 29] = 33.5
    document = batch_document(batch, redact=plain, digest_key=KEY, fail=never)
    read = read_document(json.dumps(document).encode())
    assert largest_weights(read["weights"]) == [(dt.date(2024, 10, 4), "simple", 29, 33.5)]
    older = {name: part for name, part in document.items() if name != "weights"}
    assert read_document(json.dumps(older).encode())["weights"] == []


def test_a_row_that_an_older_version_wrote_is_padded() -> None:
    key, figures = count_of_row([60, "simple", "all", 3, 1, 5, 4])
    assert key == (60, "simple", "all", 3, 1)
    assert figures == [5, 4] + [0.0] * (WIDTH - 2)


SECRET = "hunter2-secret"
WORDS = st.sampled_from([SECRET, f"my {SECRET}!", "plain", "\x00", "\ud800", ""])
JSON = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, JSON), st.dictionaries(WORDS, JSON), WORDS)
def test_no_text_gets_past_the_one_door(
    request: dict[str, object], answer: dict[str, object], session: str
) -> None:
    def redact(words: str) -> str:
        return words.replace(SECRET, "[KEY]")

    exchange = served(request=request, answer=answer, session=session)
    document = batch_document(batch_of(exchange), redact=redact, digest_key=KEY, fail=never)
    written = orjson.dumps(document)  # refuses lone surrogates
    assert SECRET.encode() not in written
    assert b"\\u0000" not in written
    assert b"NaN" not in written
    assert orjson.loads(written)["exchanges"][0]["request"].keys() == {
        redact(key).replace("\x00", "\u2400").replace("\ud800", "\ufffd") for key in request
    }


def test_the_version_of_its_prompt_goes_with_an_exchange() -> None:
    asked = {"messages": [{"role": "system", "content": "Be brief."}]}
    theirs = {"system": "Be brief.", "messages": [{"role": "user", "content": "2 + 2?"}]}
    batch = batch_of(
        served(request=asked, prompt_version="v12"),
        served(request=asked, prompt_version="not plain"),
        served(request=theirs, wire="anthropic"),
        served(request={"messages": [{"role": "user", "content": "2 + 2?"}]}),
    )
    document = batch_document(batch, redact=plain, digest_key=KEY, fail=never)
    through = orjson.loads(orjson.dumps(document))["exchanges"]
    named, ill, anthropic, none = (exchange_columns(one)["prompt_version"] for one in through)
    assert (named, none) == ("v12", None)
    assert ill is not None
    assert ill.startswith("system-")
    assert ill == anthropic


def test_an_exchange_of_an_older_spool_has_no_version() -> None:
    document = batch_document(batch_of(served()), redact=plain, digest_key=KEY, fail=never)
    [older] = document["exchanges"]
    del older["prompt_version"]
    assert "prompt_version" not in exchange_columns(older)


def test_the_client_goes_with_an_exchange() -> None:
    batch = batch_of(
        served(client="team a"), served(headers=reported("litellm", "trace 1", "span")), served()
    )
    document = batch_document(batch, redact=plain, digest_key=KEY, fail=never)
    through = orjson.loads(orjson.dumps(document))["exchanges"]
    assert [exchange_columns(one)["client"] for one in through] == ["team a", "litellm", None]


def test_an_exchange_of_an_older_spool_has_no_client() -> None:
    document = batch_document(batch_of(served()), redact=plain, digest_key=KEY, fail=never)
    [older] = document["exchanges"]
    del older["client"], older["headers"]
    assert exchange_columns(older)["client"] is None
