"""The trace that a call to a provider is sent as a part of: that of the gateway's own span."""

import uuid

from tierwatch.telemetry.trace_context import read_traceparent, span_id_of, trace_id_of
from tierwatch.telemetry.traced_recorder import Keeps


class Continued:
    """Gives calls the trace that their exchange's span is in.

    Args:
        keeps: the sampler: whether a trace is kept.
    """

    def __init__(self, keeps: Keeps) -> None:
        self._keeps = keeps

    def __call__(self, exchange_id: uuid.UUID, headers: dict[str, str] | None) -> dict[str, str]:
        """The headers of a call, with our span as its parent.

        Args:
            exchange_id: of the exchange that it is made for.
            headers: that it would be sent with; a caller's ``tracestate`` goes on unless its trace
                is not of the standard, and ends here.
        """
        found = {} if headers is None else headers
        named = found.get("traceparent")
        parent = None if named is None else read_traceparent(named)
        trace_id = trace_id_of(exchange_id) if parent is None else parent.trace_id
        if not self._keeps(trace_id, parent):
            return found
        ours = f"00-{trace_id.hex()}-{span_id_of(exchange_id).hex()}-01"
        kept = {
            name: value
            for name, value in found.items()
            if name != "tracestate" or parent is not None
        }
        return kept | {"traceparent": ours}
