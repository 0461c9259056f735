"""The other end of a webhook, a destination that does as it is told, and an event to send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tierwatch.notify.answer import Answer

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

    def __init__(self, *answers: int | Exception | httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(answer, text=f"you posted to {request.url}")

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.requests[-1].content)
        return found


@dataclass
class FakeDestination:
    """A destination that gives the answers it was told to, then takes everything."""

    name: str = "fake"
    kind: str = "webhook"
    answers: list[Answer | BaseException] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, event: Mapping[str, Any]) -> Answer:
        self.events.append(dict(event))
        answer = self.answers.pop(0) if self.answers else Answer("taken", "HTTP 200")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def ids(self) -> list[str]:
        """What it was sent, by the events' ids."""
        return [event["event_id"] for event in self.events]
