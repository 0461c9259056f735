"""Langfuse and Phoenix, as far as scores go: they refuse what is not of the documented form."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

# Langfuse's CreateScoreRequest, by its API reference.
_LANGFUSE_KEYS = {
    "id", "traceId", "sessionId", "observationId", "datasetRunId", "name", "value", "comment",
    "metadata", "environment", "queueId", "dataType", "configId",
}  # fmt: skip
# Phoenix's annotation data, by its OpenAPI document.
_PHOENIX_KEYS = {"name", "annotator_kind", "result", "metadata", "identifier"}


@dataclass
class FakeLangfuse:
    """A project of Langfuse: scores by their id."""

    public_key: str = "pk-lf-made-up"
    secret_key: str = "sk-lf-made-up"
    answers: list[int | Exception | httpx.Response] = field(default_factory=list)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.answers:
            return _said(self.answers.pop(0))
        if (request.method, request.url.path) != ("POST", "/api/public/scores"):
            return httpx.Response(404, json={"message": "Not found"})
        key = base64.b64encode(f"{self.public_key}:{self.secret_key}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {key}":
            return httpx.Response(401, json={"message": "Invalid credentials"})
        body = json.loads(request.content)
        problem = langfuse_problem(body)
        if problem:
            return httpx.Response(400, json={"message": problem})
        self.scores[body["id"]] = body
        return httpx.Response(200, json={"id": body["id"]})

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def langfuse_problem(body: dict[str, Any]) -> str:
    """What is wrong with a score; "" for nothing."""
    if unknown := body.keys() - _LANGFUSE_KEYS:
        return f"unrecognized keys {sorted(unknown)}"
    if not all(isinstance(body.get(key), str) and body[key] for key in ("name", "traceId")):
        return "name and traceId are required"
    if body.get("dataType") in {"NUMERIC", "BOOLEAN"} and not isinstance(
        body.get("value"), int | float
    ):
        return "value must be a number"
    return "" if isinstance(body.get("metadata", {}), dict) else "metadata must be an object"


@dataclass
class FakePhoenix:
    """A Phoenix that knows some spans and traces; annotations by their subject and identifier."""

    spans: set[str] = field(default_factory=set)
    traces: set[str] = field(default_factory=set)
    key: str = ""
    answers: list[int | Exception | httpx.Response] = field(default_factory=list)
    annotations: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.answers:
            return _said(self.answers.pop(0))
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return httpx.Response(401, text="Invalid token")
        known: dict[str, tuple[str, set[str]]] = {
            "/v1/span_annotations": ("span_id", self.spans),
            "/v1/trace_annotations": ("trace_id", self.traces),
        }
        if request.method != "POST" or request.url.path not in known:
            return httpx.Response(404, json={"detail": "Not Found"})
        if parse_qs(request.url.query.decode()).get("sync") != ["true"]:
            return httpx.Response(200, json={"data": []})  # taken, and looked for later
        return self._annotated(*known[request.url.path], json.loads(request.content)["data"])

    def _annotated(self, name: str, there: set[str], data: list[dict[str, Any]]) -> httpx.Response:
        kinds = {"LLM", "CODE", "HUMAN"}
        if any(one.keys() - _PHOENIX_KEYS != {name} for one in data) or any(
            one["annotator_kind"] not in kinds for one in data
        ):
            return httpx.Response(422, json={"detail": "not of the form"})
        missing = [one[name] for one in data if one[name] not in there]
        if missing:
            return httpx.Response(404, text=f"Spans with IDs {', '.join(missing)} do not exist.")
        for one in data:
            self.annotations[one[name], one["name"], one["identifier"]] = one
        return httpx.Response(200, json={"data": [{"id": "1"} for _ in data]})

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def _said(answer: int | Exception | httpx.Response) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer if isinstance(answer, httpx.Response) else httpx.Response(answer)
