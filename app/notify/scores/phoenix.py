"""Scores for Phoenix: annotations of a span or a trace, updated by their identifier.

Source: Phoenix's REST API (``/v1/span_annotations`` and ``/v1/trace_annotations``, 2026). Without
``sync`` it answers before it has looked for the span, keeps what it does not find in its memory for
a while and then drops it; with it, a span that has not arrived is a 404 that names it.
"""

import json
from dataclasses import dataclass, field, replace
from typing import ClassVar

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.posting import post
from tierwatch.notify.scores.trace_score import Reply, TraceScore


@dataclass(frozen=True, slots=True)
class PhoenixScores:
    """A Phoenix server.

    Attributes:
        base_url: of the server.
        key: of its API; None where it asks for none.
        name: what deliveries are kept by.
        give_up_s: after which a score that was never taken fails.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "phoenix"

    base_url: str
    key: str | None = field(default=None, repr=False)
    name: str = "phoenix"
    give_up_s: float = 86_400.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, score: TraceScore) -> Reply:
        """Send a score as an annotation by a model."""
        which, wanted = ("span", score.span_id) if score.span_id else ("trace", score.trace_id)
        annotation = {
            f"{which}_id": wanted,
            "name": score.name,
            "annotator_kind": "LLM",
            "identifier": score.id,
            "result": {
                "label": score.label,
                "score": score.value,
                "explanation": f"{score.comment} {score.link}",
            },
            "metadata": {"judge": score.judge, "pair": score.link},
        }
        headers = {"content-type": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        absent = False

        def read(answer: Answer, words: bytes) -> Answer:
            nonlocal absent
            # A 404 of another server, or of an older Phoenix, does not name what it did not find.
            absent = answer.fate == "away" and wanted.encode() in words
            return (
                replace(answer, fate="later", detail=f"no such {which} yet") if absent else answer
            )

        answer = post(
            f"{self.base_url}/v1/{which}_annotations?sync=true",
            json.dumps({"data": [annotation]}, allow_nan=False).encode(),
            headers,
            transport=self.transport,
            read=read,
        )
        return Reply(answer, absent)
