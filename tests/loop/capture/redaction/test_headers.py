"""Headers are stored redacted; ids of chance stay what they are."""

from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.headers import redacted_headers
from tierwatch.store.traced.their_span import reported, their_span

# A card's number by Luhn's rule, as one span in some thousands has it.
CARD = "4111111111111111"
PARENT = f"00-0af7651916cd43dd8448eb211c80319c-{CARD}-01"


def test_a_span_that_looks_like_a_card_still_names_a_span() -> None:
    assert CARD not in redact(f"my card is {CARD}")
    assert redacted_headers({"traceparent": PARENT}, redact) == {"traceparent": PARENT}


def test_words_are_redacted() -> None:
    found = redacted_headers({"anthropic-beta": f"card {CARD}"}, redact)
    assert CARD not in found["anthropic-beta"]


def test_more_than_ids_in_a_traceparent_is_redacted() -> None:
    found = redacted_headers({"traceparent": f"{PARENT} {CARD} ada@example.com"}, redact)
    assert "ada" not in found["traceparent"]
    assert their_span(found) is None


def test_an_id_that_is_somebodys_address_is_left_out() -> None:
    kept = redacted_headers(reported("chat", "ada@example.com", "s-1"), redact)
    assert kept == {"tierwatch-span": "s-1", "tierwatch-source": "chat"}
    assert their_span(kept) is None


def test_ids_of_another_tool_stay() -> None:
    headers = reported("chat", "trace-7", CARD)
    assert redacted_headers(headers, redact) == headers


def test_a_redactor_that_hides_everything_leaves_ids_of_chance() -> None:
    kept = redacted_headers({"traceparent": PARENT, "anthropic-beta": "x"}, lambda _: "[ALL]")
    assert kept == {"traceparent": PARENT, "anthropic-beta": "[ALL]"}
