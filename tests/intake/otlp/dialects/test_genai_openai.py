"""opentelemetry-instrumentation-genai-openai: what its caller did is not what its provider did."""

from factories.otlp import call_in, gen_ai, span


def test_an_abandoned_stream_is_an_error_of_nobodys() -> None:
    sent = gen_ai(error__type="_OTHER", gen_ai__response__finish_reasons=["error"])
    call = call_in(span(sent, failed=True, message="abandoned stream"))
    assert (call.status, call.error, call.finished, call.outside) == (200, "", False, "")


def test_another_error_of_that_type_is_one() -> None:
    call = call_in(span(gen_ai(error__type="_OTHER"), failed=True, message="out of memory"))
    assert (call.status, call.error) == (502, "out of memory")
