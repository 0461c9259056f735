import uuid

from tierwatch.telemetry.continued import Continued
from tierwatch.telemetry.traced_recorder import sampler

OWN = uuid.UUID("0193a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
OURS = OWN.bytes[8:].hex()
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLERS = f"00-{TRACE}-b7ad6b7169203331-01"
ON = Continued(sampler("parentbased_always_on", 1.0))


def test_a_call_is_a_part_of_our_span_and_the_callers_state_goes_on() -> None:
    found = ON(OWN, {"traceparent": CALLERS, "tracestate": "a=1", "anthropic-beta": "x"})
    assert found == {
        "traceparent": f"00-{TRACE}-{OURS}-01",
        "tracestate": "a=1",
        "anthropic-beta": "x",
    }


def test_a_trace_that_begins_here_is_the_exchanges() -> None:
    assert ON(OWN, None) == {"traceparent": f"00-{OWN.hex}-{OURS}-01"}


def test_a_trace_of_no_standard_ends_here_with_its_state() -> None:
    found = ON(OWN, {"traceparent": "00-1", "tracestate": "a=1"})
    assert found == {"traceparent": f"00-{OWN.hex}-{OURS}-01"}


def test_a_trace_that_is_not_kept_is_passed_on_as_it_came() -> None:
    unkept = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-00", "tracestate": "a=1"}
    assert ON(OWN, unkept) == unkept
    assert Continued(sampler("always_off", 1.0))(OWN, None) == {}
