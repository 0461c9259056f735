"""The real ragas against an OpenAI-compatible server on loopback."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tierwatch.judges.ragas import Embedder, build_ragas_judge
from tierwatch.judges.verdict import Question, Verdict
from tierwatch.routing.tiers import Price

pytestmark = [
    pytest.mark.ragas,
    # ragas and its many parts warn of each other's age; their warnings are not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]
pytest.importorskip("ragas", reason="needs the extra `ragas` (800 MB)")

QUESTION = Question(
    messages=[{"role": "user", "content": "Where is Bonn?"}], contexts=("Bonn lies on the Rhine.",)
)
TRUE, FALSE = "Bonn lies on the Rhine.", "Bonn lies on the Elbe."


class _Server(BaseHTTPRequestHandler):
    """Answers ragas' prompts as a model would that knows Bonn."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        reply = json.dumps(_vectors(body) if self.path.endswith("embeddings") else _chat(body))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _vectors(body: dict[str, Any]) -> dict[str, Any]:
    data = [
        {"index": index, "embedding": [1.0, 0.0] if "Bonn" in text else [0.0, 1.0]}
        for index, text in enumerate(body["input"])
    ]
    return {"data": data}


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    prompt = body["messages"][0]["content"]
    given = prompt.rpartition("input: ")[2]
    if body["model"] == "garbled":
        said: Any = "I would rather not."
    elif body["model"] == "forgetful":
        said = {"statements": [] if '"statements"' in given else [TRUE]}
    elif "noncommittal" in prompt:
        said = {"question": "Where is Bonn?", "noncommittal": 0}
    elif '"statements"' in given:
        said = {
            "statements": [
                {"statement": "s", "reason": "r", "verdict": int("Elbe" not in given)},
            ]
        }
    else:
        said = {"statements": [FALSE if "Elbe" in given else TRUE]}
    content = said if isinstance(said, str) else f"Here:\n```json\n{json.dumps(said)}\n```"
    return {"choices": [{"message": {"role": "assistant", "content": content}}]}


@dataclass
class _Done:
    message: dict[str, Any]
    prompt_tokens: int = 1_000
    completion_tokens: int = 0
    latency_ms: float = 1.0
    finish_reason: str | None = "stop"
    cached_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass
class _Client:
    url: str

    def complete(self, provider: str, request: dict[str, Any], **_: object) -> _Done:
        assert provider == "p"
        reply = httpx.post(f"{self.url}/chat/completions", json=request).json()
        return _Done(reply["choices"][0]["message"])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


class _Nobody:
    version = "nobody"

    def judge(self, *_: object) -> Verdict:
        raise AssertionError("not to be asked")


def _judge(url: str, served: str, alternative: str, *, model: str = "m", vectors: bool) -> Verdict:
    embed = Embedder(url, None, "e") if vectors else None
    judge = build_ragas_judge(
        _Client(url), "p", model, fallback=_Nobody(), price=Price(1.0, 1.0), embed=embed
    )
    names = "faithfulness+relevancy" if vectors else "faithfulness"
    assert judge.version == f"ragas/0.4.3/{names}/{model}/else nobody"
    return judge.judge(QUESTION, {"content": served}, {"content": alternative})


def test_the_faithful_answer_is_preferred(url: str) -> None:
    verdict = _judge(url, FALSE, TRUE, vectors=False)
    assert verdict.preferred == "alternative"
    assert verdict.scores == {"served.faithfulness": 0.0, "alternative.faithfulness": 1.0}
    # statements and their check, for two answers; 1,000 tokens at 1 USD/M each
    assert verdict.calls == 4
    assert verdict.cost_usd == pytest.approx(0.004)


def test_relevancy_counts_where_there_are_vectors(url: str) -> None:
    verdict = _judge(url, TRUE, FALSE, vectors=True)
    assert verdict.preferred == "served"
    assert verdict.scores == {
        "served.faithfulness": 1.0,
        "served.relevancy": pytest.approx(1.0),
        "alternative.faithfulness": 0.0,
        "alternative.relevancy": pytest.approx(1.0),
    }
    # an answer takes 2 calls for faithfulness, 3 for relevancy and 2 for vectors
    assert verdict.calls == 14


def test_equally_faithful_answers_are_a_tie(url: str) -> None:
    assert _judge(url, TRUE, TRUE + " Yes.", vectors=False).preferred == "tie"


def test_an_unreadable_model_is_unscored(url: str) -> None:
    verdict = _judge(url, TRUE, FALSE, model="garbled", vectors=False)
    assert (verdict.preferred, verdict.calls) == (None, 2)
    assert "unreadable or incomplete 2 times" in verdict.unscored_why


def test_a_list_of_verdicts_that_is_not_complete_is_unscored(url: str) -> None:
    verdict = _judge(url, TRUE, FALSE, model="forgetful", vectors=False)
    assert (verdict.preferred, verdict.calls) == (None, 3)  # statements, and two tries
    assert "0 verdicts for 1 statements" in verdict.unscored_why


def test_ragas_does_not_report_our_use() -> None:
    from ragas._analytics import do_not_track

    assert os.environ["RAGAS_DO_NOT_TRACK"] == "true"
    assert do_not_track()
