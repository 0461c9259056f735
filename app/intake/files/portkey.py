"""Portkey's log export: JSON lines with the columns that were asked for.

Source: Portkey's page on exporting logs (2026): ``cost`` is in cents, ``response_time`` in
milliseconds, bodies stand in ``request`` and ``response`` (older exports: ``request.body``), as
JSON or as its text. An answer of Portkey's cache is nobody's and is passed over.
"""

from typing import Final

from tierwatch.intake.calls import Readings
from tierwatch.intake.files.bodies import UNKNOWN_FAILURE, Logged, call_of_bodies, wire_of
from tierwatch.intake.files.fields import amount, field, parsed, said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import Usage, count

ACCEPTED: Final = (
    'a line is a log with "id" or "trace_id", "created_at", "request" and "response"; ask the'
    " export for these columns"
)
CACHED: Final = "cached"  # answered by somebody's cache, and by no model
_HITS: Final = frozenset({"HIT", "SEMANTIC HIT"})
_CENTS: Final = 100


def read(row: Json) -> Readings:
    """The call of a log."""
    created_at = seconds(row.get("created_at"))
    source_id = said(row, "id", "log_id", "span_id", "trace_id")
    request = _body(row, "request")
    if not (source_id and created_at and isinstance(request, dict)):
        raise NotThisKindError("no id, created_at or request")
    if said(row, "cache_status").upper() in _HITS:
        return Readings((), {CACHED: 1})
    metadata = mapping(parsed(row.get("metadata")))
    provider = said(row, "ai_org", "ai_provider")
    cost = amount(row.get("cost"))
    logged = Logged(
        source_id,
        created_at,
        status=_status(row),
        session=said(metadata, "session_id", "_session"),
        user=said(metadata, "_user", "user_id"),
        provider=provider,
        model=said(row, "ai_model"),
        usage=Usage(count(row.get("req_units")), count(row.get("res_units"))),
        cost_usd=None if cost is None else cost / _CENTS,
        latency_ms=amount(row.get("response_time")) or 0.0,
    )
    address = said(row, "request_url") or said(mapping(parsed(row.get("request"))), "url")
    wire = wire_of(request, address, provider)
    return Readings((call_of_bodies(logged, request, _body(row, "response"), wire),))


def _body(row: Json, name: str) -> JsonValue:
    whole = parsed(field(row, f"{name}.body", name))
    inner = mapping(whole).get("body")
    return parsed(inner) if inner is not None else whole


def _status(row: Json) -> int:
    status = field(row, "response_status_code", "status_code")
    if isinstance(status, str) and status.isascii() and status.isdecimal():
        status = int(status[:3])
    if isinstance(status, int) and not isinstance(status, bool):
        return status
    return UNKNOWN_FAILURE if row.get("is_success") in (0, False, "0", "false") else 200
