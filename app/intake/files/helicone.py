"""Helicone's export: requests as its API and ``@helicone/export --include-body`` write them.

Source: Helicone's API (``HeliconeRequest``) and its export tool, 2026. A stream's answer
stands whole in ``response_body``; one that was not put together (``streamed_data``) is none.
"""

from typing import Final

from tierwatch.intake.calls import Readings
from tierwatch.intake.files.bodies import UNKNOWN_FAILURE, Logged, call_of_bodies, wire_of
from tierwatch.intake.files.fields import amount, field, parsed, said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.files.portkey import CACHED
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import Usage, count

ACCEPTED: Final = (
    'a line is a request with "request_id" (or "response_id"), "request_created_at" and'
    ' "request_body": export it with --include-body'
)
_STATUSES: Final = range(200, 600)


def read(row: Json) -> Readings:
    """The call of a request."""
    created_at = seconds(field(row, "request_created_at", "response_created_at"))
    source_id = said(row, "request_id", "response_id")
    request = parsed(row.get("request_body"))
    if not (source_id and created_at and isinstance(request, dict)):
        raise NotThisKindError("no request_id, request_created_at or request_body")
    if row.get("cache_hit") is True or said(row, "cache_reference_id").strip("0-"):
        return Readings((), {CACHED: 1})
    properties = mapping(parsed(field(row, "request_properties", "properties")))
    provider = said(row, "provider")
    status = row.get("response_status", row.get("status"))
    logged = Logged(
        source_id,
        created_at,
        # Helicone's own are negative: cancelled, or nothing came back.
        status=status if isinstance(status, int) and status in _STATUSES else UNKNOWN_FAILURE,
        session=said(properties, "Helicone-Session-Id"),
        user=said(row, "request_user_id", "helicone_user"),
        provider=provider,
        model=said(row, "response_model", "model", "request_model"),
        usage=Usage(
            count(row.get("prompt_tokens")),
            count(row.get("completion_tokens")),
            count(row.get("prompt_cache_read_tokens")),
            count(row.get("prompt_cache_write_tokens")),
        ),
        cost_usd=amount(field(row, "costUSD", "cost_usd", "cost")),
        latency_ms=amount(row.get("delay_ms")) or 0.0,
        first_byte_ms=amount(row.get("time_to_first_token")) or 0.0,
    )
    wire = wire_of(request, said(row, "request_path", "target_url"), provider)
    return Readings((call_of_bodies(logged, request, parsed(row.get("response_body")), wire),))
