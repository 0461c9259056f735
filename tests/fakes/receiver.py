"""The other end of a webhook, and an event to send there."""

import json
from typing import Any

import httpx

URL = "https://hooks.example.test/services/T000/very-secret-path"
EVENT: dict[str, Any] = {
    "id": "0199",
    "type": "alert.opened",
    "timestamp": "2026-11-23T10:00:00Z",
    "kind": "misroute",
    "segment": "standard/all",
    "tier": "standard",
    "severity": "critical",
    "summary": "18 % of answers are worse than the next tier's; tolerance 5 %",
    "estimate": {"value": 0.18, "low": 0.12, "high": 0.25, "n": 210},
    "window": {"first": 4_210, "last": 4_420},
    "permalink": "https://tierwatch.example.test/alerts/0199",
}


class Receiver:
    """Answers in turn, keeps what it was sent."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text=f"you posted to {request.url}")

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))

    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.requests[-1].content)
        return found
