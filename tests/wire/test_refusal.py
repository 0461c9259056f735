"""Why a request is not served, on either wire."""

import json
from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.refusal import Refusal, refusal_for


def failure(kind: str, **more: Any) -> ProviderError:
    return ProviderError("Our own sentence.", kind=kind, **more)


def test_a_refusal_is_said_in_the_envelope_of_each_wire() -> None:
    refusal = Refusal(404, "No model.", code="model_not_found", param="model")
    assert json.loads(refusal.body(OPENAI)) == {
        "error": {
            "message": "No model.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    error = {"type": "not_found_error", "message": "No model."}
    assert json.loads(refusal.body(ANTHROPIC)) == {"type": "error", "error": error}


@pytest.mark.parametrize(
    ("wait_s", "header"), [(None, None), (0.0, b"1"), (0.2, b"1"), (1.4, b"2"), (1e300, b"3600")]
)
def test_a_caller_waits_whole_seconds_and_one_at_least(
    wait_s: float | None, header: bytes | None
) -> None:
    headers = Refusal(429, "Wait.", retry_after_s=wait_s).headers()
    assert headers == ([] if header is None else [(b"retry-after", header)])


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("timeout", 504, "provider_timeout"),
        ("connection", 502, "provider_connection"),
        ("server", 502, "provider_server"),
        ("unreadable", 502, "provider_unreadable"),
        ("cut", 502, "provider_cut"),
    ],
)
def test_a_failed_provider_is_a_bad_gateway(kind: str, status: int, code: str) -> None:
    refusal = refusal_for(failure(kind, status=500, body='{"error": {"message": "secret"}}'))
    assert (refusal.status, refusal.type, refusal.code) == (status, "api_error", code)
    assert refusal.message == "Our own sentence."


def test_only_a_time_that_a_provider_names_is_passed_on() -> None:
    assert refusal_for(failure("rate_limited")).headers() == []
    named = refusal_for(failure("rate_limited", retry_after_s=30.0))
    assert (named.status, named.code, named.retry_after_s) == (429, "rate_limit_exceeded", 30.0)


@pytest.mark.parametrize(
    ("body", "message", "kind", "code"),
    [
        (
            '{"error": {"message": "Too long.", "type": "t", "code": "c", "param": "p"}}',
            "Too long.",
            "t",
            "c",
        ),
        (
            '{"type": "error", "error": {"type": "not_found_error", "message": "No model."}}',
            "No model.",
            "not_found_error",
            "not_found",
        ),
        ("<html>", "Our own sentence.", "invalid_request_error", None),
        ("", "Our own sentence.", "invalid_request_error", None),
        ("Bad request: no model", "Bad request: no model", "invalid_request_error", None),
        ("<html><h1>Not <b>here</b></h1>", "Not here", "invalid_request_error", None),
        (
            '[{"error": {"code": 400, "message": "Bad schema.", "status": "INVALID_ARGUMENT"}}]',
            "Bad schema.",
            "invalid_request_error",
            None,
        ),
        (
            '{"detail": [{"loc": ["body", "n"], "msg": "Extra inputs"}]}',
            "body.n: Extra inputs",
            "invalid_request_error",
            None,
        ),
        ('"no"', "no", "invalid_request_error", None),
        ('{"error": "no"}', "no", "invalid_request_error", None),
        ('{"detail": "no"}', "no", "invalid_request_error", None),
        (
            '{"error": {"message": 5, "code": 7}}',
            "Our own sentence.",
            "invalid_request_error",
            None,
        ),
    ],
)
def test_a_providers_own_refusal_is_passed_on(
    body: str, message: str, kind: str, code: str | None
) -> None:
    refusal = refusal_for(failure("refused", body=body, status=422))
    assert (refusal.status, refusal.message, refusal.type, refusal.code) == (
        422,
        message,
        kind,
        code,
    )


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_key_of_ours_that_is_refused_is_not_the_callers(status: int) -> None:
    error = '{"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}'
    refusal = refusal_for(failure("refused", body=error, status=status))
    assert (refusal.status, refusal.type) == (502, "api_error")
    assert "gateway's own key" in refusal.message
    # Neither vendor's client asks again: it would be told the same.
    assert refusal.headers() == [(b"x-should-retry", b"false")]


def test_what_cannot_be_translated_is_said_in_our_own_words() -> None:
    refusal = refusal_for(failure("refused"))
    assert (refusal.status, refusal.message) == (400, "Our own sentence.")
    assert refusal.type == "invalid_request_error"


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC])
def test_what_repeats_a_callers_megabytes_is_cut(wire: str) -> None:
    body = Refusal(400, "No role " + "x" * 5_000_000).body(wire)
    message = json.loads(body)["error"]["message"]
    assert (message[:9], message[-4:], len(message)) == ("No role x", "x...", 2_003)
    assert len(Refusal(400, "x" * 2_000).body(wire)) < 2_200
