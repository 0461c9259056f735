"""Events of one alert, as the outbox keeps them and `loop.notify` sends them."""

from typing import Any

OPENED_AT = "2026-11-23T10:00:00.250000+00:00"
KEY = "tierwatch-12-1795428000250000"
SECRET_WORDS = "what a user had asked, and what they were answered"


def alert_event(what: str = "opened", **changes: Any) -> dict[str, Any]:
    """An event of alert 12: ``opened``, ``renotified``, ``acknowledged``, ``resolved``."""
    state = {"opened": "open", "renotified": "open"}.get(what, what)
    hour = {"opened": 10, "renotified": 14, "acknowledged": 11, "resolved": 15}[what]
    event: dict[str, Any] = {
        "id": 12,
        "event_id": f"12:{what}",
        "sequence": 1,
        "type": f"alert.{what}",
        "timestamp": f"2026-11-23T{hour}:00:00.250000+00:00",
        "opened_at": OPENED_AT,
        "state": state,
        "kind": "misroute",
        "tier": "standard",
        "segment": "standard/all",
        "cause": "misroute:standard:all",
        "severity": "critical",
        "summary": "18 % of answers are worse than the next tier's; tolerance 5 %",
        "pairs": 210,
        "evidence": {"kind": "misroute", "worst": [{"question": SECRET_WORDS}]},
        "acknowledged_by": None if state == "open" else "ada",
        "resolved_by": "bo" if state == "resolved" else None,
        "resolution": None,
        "permalink": "https://watch.example/alerts/12",
    }
    return event | changes


def tried_event(**changes: Any) -> dict[str, Any]:
    """The event of `tierwatch notify test`."""
    return {
        "id": "test-0123456789ab",
        "event_id": "test-0123456789ab:test",
        "type": "alert.test",
        "timestamp": "2026-11-23T10:00:00+00:00",
        "kind": "test",
        "state": "resolved",
        "tier": "",
        "segment": "test",
        "severity": "info",
        "summary": "Test of tierwatch's notifications, asked for by ada. Nothing is wrong.",
        "permalink": "https://watch.example/alerts",
    } | changes
