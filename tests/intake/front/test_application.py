"""The intake as a whole: what is acknowledged is stored, once, and nothing is ever a 5xx."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import otlp
from factories.sources import CONFIG, body, litellm_failure, litellm_record, outcome
from fakes.intake import RunningIntake, asked, now
from sqlalchemy import Engine

from tierwatch.dispatch import SHADOW
from tierwatch.intake.front.rate import Rates


@pytest.fixture
def intake(engine: Engine, tmp_path: Path) -> Iterator[RunningIntake]:
    with RunningIntake(engine, tmp_path) as running:
        yield running


def test_an_outcome_becomes_an_exchange_that_waits_for_its_comparison(
    intake: RunningIntake,
) -> None:
    reply = intake.post("/v1/outcomes", body(outcome(started_at=now())))
    assert (reply.status, reply.json) == (202, {"calls": 1, "passed_over": {}})
    intake.stored(1)
    ((tier, model, reason, tokens),) = intake.rows(
        "select tier, model, reason, prompt_tokens from exchanges"
    )
    assert (tier, model, reason, tokens) == ("simple", "small-1", "watched", 10)
    assert intake.counts() == {("app", "calls"): 1, ("app", "sampled"): 1}
    assert [kind for kind, *_ in intake.dispatch.sent] == [SHADOW]


def test_what_is_sent_again_counts_once_whatever_it_comes_with(intake: RunningIntake) -> None:
    one, two = outcome(1, started_at=now()), outcome(2, started_at=now())
    for batch in ([one], [one, two], [two, one], [one]):
        assert intake.post("/v1/outcomes", body(*batch)).status == 202
    intake.stored(6)
    ((requests,),) = intake.rows("select sum(requests)::int from rollups")
    assert requests == 2
    assert intake.counts()["app", "calls"] == 2
    assert intake.counts()["app", "repeat"] == 4


def test_two_sources_may_use_the_same_ids(intake: RunningIntake) -> None:
    record = litellm_record(litellm_call_id="call-1", startTime=now())
    intake.post("/litellm", body(record), key="sk-proxy-1")
    intake.post("/litellm", body(record), key="sk-app-1")
    intake.stored(2)
    assert intake.counts()["app", "calls"] == intake.counts()["proxy", "calls"] == 1


def test_the_funnel_of_a_source_adds_up(intake: RunningIntake) -> None:
    at = now()
    image = [{"type": "image_url", "image_url": {"url": "[base64_data truncated: 2KB]"}}]
    records = [
        litellm_record(startTime=at),
        litellm_record(startTime=at, messages=[{"role": "user", "content": image}]),
        litellm_failure(startTime=at),
        litellm_record(startTime=at, model="openai/other", model_group="unheard-of"),
        litellm_record(call_type="aembedding"),
        {"no": "record"},
    ]
    reply = intake.post("/litellm", body(*records), key="sk-proxy-1")
    assert reply.json == {"calls": 4, "passed_over": {"other": 1, "bad_line": 1}}
    intake.stored(4)
    assert intake.counts() == {
        ("proxy", "calls"): 4,
        ("proxy", "sampled"): 1,
        ("proxy", "outside:intake_truncated"): 1,
        ("proxy", "outside:error"): 1,
        ("proxy", "outside:intake_unplaced"): 1,
        ("proxy", "other"): 1,
        ("proxy", "bad_line"): 1,
    }


def test_a_key_sends_what_it_is_for_and_nothing_else(intake: RunningIntake) -> None:
    for path, key, status in [
        ("/litellm", "sk-proxy-1", 202),
        ("/litellm", "sk-app-1", 202),
        ("/v1/outcomes", "sk-proxy-1", 401),  # of another source
        ("/v1/outcomes", "sk-nobody", 401),
        ("/v1/outcomes", "", 401),
    ]:
        sent = litellm_record() if path == "/litellm" else outcome()
        reply = intake.post(path, body(sent), key=key)
        assert reply.status == status, (path, key)
        assert status == 202 or "intake.keys" in reply.json["error"]["message"]


BAD: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"{", {}, 400, "accepted: a JSON array of objects"),
    (b"\xff\xfe", {}, 400, "accepted: a JSON array of objects"),
    (b"[1, 2]", {}, 400, "found no object"),
    (b"[" * 5000, {}, 400, "accepted: a JSON array"),
    (b"{}", {}, 400, "id: found None"),
    (b"{}", {"content_encoding": "br"}, 415, "accepted: gzip, deflate"),
    (b"{}", {"content_encoding": "gzip"}, 400, "not compressed as"),
    (gzip.compress(b"[]")[:-4], {"content_encoding": "gzip"}, 400, "was cut"),
    (gzip.compress(b" " * 3_000_000), {"content_encoding": "gzip"}, 413, "inflated"),
    (b" " * 1_100_000, {}, 413, "intake.max_body_mb"),
]


def test_bad_bodies_get_a_sentence(engine: Engine, tmp_path: Path) -> None:
    config = CONFIG.replace("intake:\n", "intake:\n  max_body_mb: 1\n")
    with RunningIntake(engine, tmp_path, config) as intake:
        for sent, headers, status, said in BAD:
            reply = intake.post("/v1/outcomes", sent, **headers)
            assert reply.status == status, sent[:9]
            assert said in reply.json["error"]["message"]


def test_a_compressed_batch_is_taken(intake: RunningIntake) -> None:
    sent = gzip.compress(body(outcome(1))) + gzip.compress(b"\n")
    assert intake.post("/v1/outcomes", sent, content_encoding="gzip").json["calls"] == 1


def test_more_than_a_source_may_send_is_refused_and_counted(
    intake: RunningIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(Rates, "takes", lambda *_: next(answers))
    replies = [intake.post("/v1/outcomes", body(outcome(started_at=now()))) for _ in range(3)]
    assert [one.status for one in replies] == [429, 429, 202]
    assert replies[0].headers["retry-after"] == "5"
    assert "intake.batches_per_s" in replies[0].json["error"]["message"]
    intake.stored(1)
    assert intake.counts()["app", "shed"] == 2


def test_where_the_disk_has_no_room_a_batch_is_refused_and_may_come_again(
    engine: Engine, tmp_path: Path
) -> None:
    with RunningIntake(engine, tmp_path, spool_max_mb=1) as intake:
        # A million characters of one drawn request do not fit beside their frame.
        long = {"messages": [{"role": "user", "content": "word " * 200_001}]}
        reply = intake.post("/v1/outcomes", body(outcome(request=long, started_at=now())))
        assert (reply.status, reply.headers["retry-after"]) == (429, "5")
        assert intake.post("/v1/outcomes", body(outcome(2, started_at=now()))).status == 202
        intake.stored(1)
        assert intake.counts()["app", "shed"] == 1


def test_every_other_path_says_what_it_is(engine: Engine, tmp_path: Path) -> None:
    intake = RunningIntake(engine, tmp_path)
    for method, path, status in [
        ("GET", "/healthz", 200),
        ("HEAD", "/", 200),
        ("GET", "/readyz", 200),
        ("GET", "/v1/outcomes", 405),
        ("POST", "/healthz", 405),
        ("POST", "/elsewhere", 404),
        ("GET", "/elsewhere", 404),
        ("GET", "/metrics", 401),
    ]:
        assert asked(intake.app, method, path).status == status, (method, path)


def test_metrics_are_shown_to_who_has_a_key(intake: RunningIntake) -> None:
    intake.post("/v1/outcomes", body(outcome(started_at=now()), {"id": 1}))
    intake.post("/v1/outcomes", b"{")
    intake.stored(1)
    page = asked(intake.app, "GET", "/metrics", headers={"authorization": "Bearer sk-proxy-1"})
    text = page.body.decode()
    for line in (
        'tierwatch_intake_batches_total{source="app",status="202"} 1.0',
        'tierwatch_intake_batches_total{source="app",status="400"} 1.0',
        'tierwatch_intake_calls_total{source="app"} 1.0',
        'tierwatch_intake_passed_over_total{kind="bad_line",source="app"} 1.0',
        "tierwatch_intake_calls_stored_total 1.0",
        "tierwatch_intake_journal_bytes 0.0",
        "tierwatch_intake_threads_alive 1.0",
    ):
        assert line in text


def test_metrics_with_a_token_want_the_token(engine: Engine, tmp_path: Path) -> None:
    intake = RunningIntake(engine, tmp_path, metrics_token="a token of some length")
    shown = {"authorization": "Bearer a token of some length"}
    assert asked(intake.app, "GET", "/metrics", headers=shown).status == 200
    shown = {"authorization": "Bearer sk-app-1"}
    assert asked(intake.app, "GET", "/metrics", headers=shown).status == 401


def test_it_is_degraded_while_its_threads_do_not_run(engine: Engine, tmp_path: Path) -> None:
    intake = RunningIntake(engine, tmp_path)
    loose = asked(intake.app, "GET", "/readyz")
    assert (loose.status, loose.json["degraded"]) == (200, ["a thread has ended"])
    assert asked(intake.app, "GET", "/readyz", query=b"strict=1").status == 503


def test_a_mistake_of_ours_is_no_5xx(
    intake: RunningIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("tierwatch.intake.front.taking.read_body", broken)
    reply = intake.post("/v1/outcomes", body(outcome()))
    assert (reply.status, reply.headers["retry-after"]) == (429, "5")


def test_telemetry_is_acknowledged_in_its_own_form_and_stored(intake: RunningIntake) -> None:
    at = int(now() * 1e9)
    model = {"gen_ai.request.model": "small-1", "gen_ai.response.model": "small-1"}
    one = otlp.span(otlp.gen_ai() | model)._replace(start_ns=at, end_ns=at + 10**9)
    sent = otlp.traces_protobuf([one])
    protobuf = {"content_type": "application/x-protobuf"}
    first = intake.post("/v1/traces", gzip.compress(sent), content_encoding="gzip", **protobuf)
    assert (first.status, first.body) == (202, b"")
    as_json = json.dumps(otlp.traces_json([one])).encode()
    again = intake.post("/v1/traces", as_json, content_type="application/json; charset=utf-8")
    assert (again.status, again.json) == (202, {})
    user = base64.b64encode(b"pk-lf:sk-app-1").decode()
    langfuse = intake.post(
        "/api/public/otel/v1/traces", sent, authorization=f"Basic {user}", **protobuf
    )
    assert langfuse.status == 202
    assert intake.post("/v1/traces", sent, key="sk-proxy-1", **protobuf).status == 401
    assert intake.post("/v1/logs", b"\xff", **protobuf).status == 400
    intake.stored(3)
    assert intake.counts()["app", "calls"] == 1
    assert intake.counts()["app", "repeat"] == 2


def test_a_span_that_waits_for_its_texts_is_stored_at_the_end(
    engine: Engine, tmp_path: Path
) -> None:
    model = {"gen_ai.request.model": "small-1", "gen_ai.response.model": "small-1"}
    bare = otlp.span(otlp.gen_ai(None, None) | model)
    sent = json.dumps(otlp.traces_json([bare])).encode()
    with RunningIntake(engine, tmp_path) as intake:
        assert intake.post("/v1/traces", sent, content_type="application/json").status == 202
    assert intake.counts()["app", "calls"] == 1
    assert intake.counts()["app", "outside:intake_no_question"] == 1
