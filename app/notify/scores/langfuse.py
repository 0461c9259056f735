"""Scores for Langfuse: ``POST /api/public/scores``, which updates the score of an id it knows.

Source: Langfuse's API reference and its docs on scores by the API (2026). A trace that it does not
know yet is no error there; its score is shown once the trace arrives.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import ClassVar, Final

import httpx

from tierwatch.notify.posting import post
from tierwatch.notify.scores.trace_score import Reply, TraceScore

CLOUD: Final = "https://cloud.langfuse.com"
_PATH: Final = "/api/public/scores"


@dataclass(frozen=True, slots=True)
class LangfuseScores:
    """A project of Langfuse.

    Attributes:
        base_url: of its server.
        public_key: of the project.
        secret_key: of the project.
        name: what deliveries are kept by.
        give_up_s: after which a score that was never taken fails.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "langfuse"

    base_url: str
    public_key: str
    secret_key: str = field(repr=False)
    name: str = "langfuse"
    give_up_s: float = 86_400.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, score: TraceScore) -> Reply:
        """Send a score, as a number: Langfuse shows its mean over traces."""
        body = {
            "id": score.id,
            "traceId": score.trace_id,
            "name": score.name,
            "value": score.value,
            "dataType": "NUMERIC",
            "comment": f"{score.comment} {score.link}",
            "metadata": {"label": score.label, "judge": score.judge, "pair": score.link},
        }
        if score.span_id:
            body["observationId"] = score.span_id
        key = base64.b64encode(f"{self.public_key}:{self.secret_key}".encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {key}"}
        content = json.dumps(body, allow_nan=False).encode()
        return Reply(post(f"{self.base_url}{_PATH}", content, headers, transport=self.transport))
