"""Calls of PagerDuty and Slack, signed as they sign."""

import hmac
import json
from typing import Any
from urllib.parse import urlencode

from tierwatch.notify.channels.slack import ACKNOWLEDGE

Call = tuple[dict[str, str], bytes]


def pagerduty_call(key: str, *, secret: str, **changes: Any) -> Call:
    """A webhook of version 3; ``changes`` are of its event."""
    event: dict[str, Any] = {
        "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2026-11-23T11:00:00.000Z",
        "agent": {"id": "PXPGF42", "type": "user_reference", "summary": "Earline Greenholt"},
        "client": {"name": "PagerDuty"},
        "data": {
            "id": "PT4KHLK",
            "type": "incident",
            "incident_key": key,
            "status": "acknowledged",
        },
    }
    return pagerduty_signed(json.dumps({"event": event | changes}).encode(), secret)


def pagerduty_signed(body: bytes, secret: str) -> Call:
    digest = hmac.new(secret.encode(), body, "sha256").hexdigest()
    # While a secret is replaced there are two.
    header = f"v1={'0' * 64},v1={digest}"
    return {"X-PagerDuty-Signature": header, "Content-Type": "application/json"}, body


def slack_call(key: str, *, secret: str, at: int, **changes: Any) -> Call:
    """A press of the button; ``changes`` are of its payload."""
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U012ABC", "username": "earline", "name": "earline", "team_id": "T1"},
        "actions": [
            {
                "type": "button",
                "action_id": ACKNOWLEDGE,
                "value": json.dumps({"alert": "12", "key": key}),
            }
        ],
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
    }
    body = urlencode({"payload": json.dumps(payload | changes)}).encode()
    return slack_signed(body, secret, at)


def slack_signed(body: bytes, secret: str, at: int) -> Call:
    signed = b"v0:" + str(at).encode() + b":" + body
    return {
        "X-Slack-Signature": f"v0={hmac.new(secret.encode(), signed, 'sha256').hexdigest()}",
        "X-Slack-Request-Timestamp": str(at),
        "Content-Type": "application/x-www-form-urlencoded",
    }, body


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
