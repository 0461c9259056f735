"""What a comparison will cost: more with a longer text, and with notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.prompting.estimate import NOTES_TOKENS, REPLY_TOKENS, expected_usd
from tierwatch.routing.tiers import Price

PRICE = Price(2.5, 10.0)


def test_both_orders_pay_for_the_prompt_and_a_reply() -> None:
    output_alone = Price(0.0, 10.0)
    assert expected_usd(output_alone, "plain", "q", ["a", "b"]) == pytest.approx(
        2 * REPLY_TOKENS * 10e-6
    )
    assert expected_usd(output_alone, "reference", "q", ["a", "b"]) == pytest.approx(
        (NOTES_TOKENS + 2 * REPLY_TOKENS) * 10e-6
    )
    # Our own prompt is most of a short pair.
    assert 0.004 < expected_usd(PRICE, "plain", "What is 2 + 2?", ["4", "5"]) < 0.02


@given(st.text(), st.text(), st.text())
def test_notes_cost_more_and_longer_texts_no_less(question: str, a: str, b: str) -> None:
    plain = expected_usd(PRICE, "plain", question, [a, b])
    assert expected_usd(PRICE, "reference", question, [a, b]) > plain
    assert expected_usd(PRICE, "plain", question + "x" * 400, [a, b]) > plain
    assert expected_usd(Price(0.0, 0.0), "reference", question, [a, b]) == 0
