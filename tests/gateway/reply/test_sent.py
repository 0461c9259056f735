import time

import pytest
from factories.gateway_values import whole

from tierwatch.gateway.reply.sent import CALLER_LEFT, Sent


def test_before_the_headers_the_caller_has_nothing() -> None:
    sent = Sent(time.perf_counter())
    assert (sent.status, sent.first_byte_ms, sent.overhead_ms) == (CALLER_LEFT, None, 0.0)
    assert sent.said is None


def test_the_gateways_own_time_is_what_nobody_waited_for() -> None:
    sent = Sent(time.perf_counter() - 2.0)
    sent.begins(502, waited_s=1.5)
    assert sent.status == 502
    assert sent.first_byte_ms is not None
    assert 2_000 <= sent.first_byte_ms < 2_400
    assert sent.overhead_ms == pytest.approx(sent.first_byte_ms - 1_500)


def test_the_answer_is_kept_as_it_was_said() -> None:
    sent, said = Sent(0.0), whole("Paris.").said
    sent.says(said)
    assert sent.said is said
