"""Alerting services as they answer: each checks its own form, and refuses what is not of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

PAGERDUTY_KEY = "R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY01"
OPSGENIE_KEY = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"


@dataclass
class Vendor:
    """Answers by ``judge`` unless a status stands in ``busy``; keeps what it was sent."""

    requests: list[httpx.Request] = field(default_factory=list)
    busy: list[httpx.Response] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.busy:
            return self.busy.pop(0)
        return self.judge(request)

    def judge(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


class PagerDuty(Vendor):
    """Events API v2."""

    def judge(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://events.pagerduty.com/v2/enqueue"
        body = json.loads(request.content)
        key = body.get("routing_key", "")
        if len(key) == len(PAGERDUTY_KEY) and key != PAGERDUTY_KEY:
            return httpx.Response(400, text="Invalid routing key")
        errors = []
        if key != PAGERDUTY_KEY:
            errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
        if body.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            errors.append("'event_action' is invalid")
        errors += _payload_errors(body)
        if len(request.content) > 512 * 1024:
            return httpx.Response(413)
        if errors:
            said = {"status": "invalid event", "message": "Event object is invalid"}
            return httpx.Response(400, json=said | {"errors": errors})
        said = {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}
        return httpx.Response(202, json=said)


def _payload_errors(body: Mapping[str, Any]) -> list[str]:
    errors, payload = [], body.get("payload", {})
    if not 0 < len(body.get("dedup_key", "")) <= 255:
        errors.append("'dedup_key' is missing or too long")
    if not 0 < len(payload.get("summary", "")) <= 1024:
        errors.append("'payload.summary' is missing or too long")
    if not payload.get("source"):
        errors.append("'payload.source' is missing or blank")
    if payload.get("severity") not in {"critical", "error", "warning", "info"}:
        errors.append("'payload.severity' is invalid")
    return errors


class Slack(Vendor):
    """An incoming webhook."""

    def judge(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        for block in body["blocks"]:
            if not _slack_takes(block):
                return httpx.Response(400, text="invalid_blocks")
        if not body.get("text"):
            return httpx.Response(400, text="no_text")
        return httpx.Response(200, text="ok")


def _slack_takes(block: Mapping[str, Any]) -> bool:
    if block["type"] == "header":
        return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150
    if block["type"] == "section":
        texts = [block["text"]] if "text" in block else block["fields"]
        longest = 3_000 if "text" in block else 2_000
        return 0 < len(texts) <= 10 and all(0 < len(one["text"]) <= longest for one in texts)
    return block["type"] == "actions" and all(
        one["type"] == "button"
        and len(one["text"]["text"]) <= 75
        and len(one.get("url", "")) <= 3_000
        and len(one.get("value", "")) <= 2_000
        for one in block["elements"]
    )


class Teams(Vendor):
    """A workflow that posts the Adaptive Card of its trigger's body."""

    def judge(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        [attachment] = body["attachments"]
        card = attachment["content"]
        right = (
            body["type"] == "message"
            and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            and card["type"] == "AdaptiveCard"
            and re.fullmatch(r"1\.[0-5]", card["version"])
            and len(request.content) <= 28 * 1024
        )
        return httpx.Response(202 if right else 400)


class Opsgenie(Vendor):
    """Alert API v2: everything is taken at once and done later."""

    def judge(self, request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != f"GenieKey {OPSGENIE_KEY}":
            return httpx.Response(401, json={"message": "Could not authenticate", "took": 0.0})
        body, path = json.loads(request.content), request.url.path
        moved = re.fullmatch(r"/v2/alerts/[^/]{1,512}/(acknowledge|close)", path)
        if moved:
            right = request.url.params["identifierType"] == "alias"
        else:
            right = path == "/v2/alerts" and _opsgenie_takes(body)
        if not right:
            return httpx.Response(422, json={"message": "Request body is not processable."})
        said = {"result": "Request will be processed", "took": 0.1, "requestId": "43a2"}
        return httpx.Response(202, json=said)


def _opsgenie_takes(body: Mapping[str, Any]) -> bool:
    return (
        0 < len(body["message"]) <= 130
        and len(body["alias"]) <= 512
        and len(body["description"]) <= 15_000
        and body["priority"] in {"P1", "P2", "P3", "P4", "P5"}
        and all(isinstance(value, str) for value in body["details"].values())
    )


_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Alertmanager(Vendor):
    """API v2, as 0.25 answers."""

    def judge(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/alerts"
        for alert in json.loads(request.content):
            labels = alert["labels"]
            for name in (*labels, *alert["annotations"]):
                if not _LABEL.fullmatch(name):
                    return httpx.Response(400, json=f"invalid label set: invalid name {name!r}")
            texts = (*labels.values(), *alert["annotations"].values())
            assert labels
            assert all(isinstance(value, str) for value in texts)
            assert _TIME.fullmatch(alert["startsAt"])
            assert _TIME.fullmatch(alert["endsAt"])
            if alert["endsAt"] < alert["startsAt"]:
                return httpx.Response(400, json="start time must be before end time")
        return httpx.Response(200)
