import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tierwatch.errors import JudgeError, ProviderError, UnreadableVerdictError
from tierwatch.judges import ragas
from tierwatch.judges.asking import Tally
from tierwatch.judges.ragas import Embedder, RagasJudge, build_ragas_judge
from tierwatch.judges.verdict import Answer, OrderVerdict, Question, Verdict
from tierwatch.retry_after import LONGEST_READ_S

QUESTION = Question(
    messages=[
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Old?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Where is Bonn?"},
    ],
    contexts=("Bonn lies on the Rhine.", "It is a city."),
)
NAN = math.nan


class Fallback:
    version = "pairwise/v1/m"

    def judge(self, *_: object) -> Verdict:
        return Verdict(
            preferred=None,
            basis="pairwise",
            reason="",
            judge_version=self.version,
            orders=(OrderVerdict("served_first", None, "?", "?"),),
            unscored_why="unreadable",
            cost_usd=0.5,
            calls=2,
            latency_ms=3.0,
        )


def judge_of(scores: Mapping[str, Mapping[str, float]], **options: Any) -> RagasJudge:
    def score(
        question: str, answer: str, passages: tuple[str, ...], tally: Tally
    ) -> Mapping[str, float]:
        assert (question, passages) == ("Where is Bonn?", QUESTION.contexts)
        tally.calls += 2
        tally.cost_usd += 0.25
        tally.latency_ms += 10.0
        return scores[answer]

    return RagasJudge(score, Fallback(), version="ragas/0/m", **options)


def says(text: str) -> Answer:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize(
    ("served", "alternative", "preferred"),
    [
        ((1.0, 1.0), (0.8, 1.0), "served"),  # means 1.0 and 0.9: a difference of the margin
        ((1.0, 1.0), (0.82, 1.0), "tie"),  # 1.0 and 0.91
        ((0.0, 0.5), (0.5, 0.5), "alternative"),
        ((0.5, 0.5), (0.5, 0.5), "tie"),
        ((1.0, -0.4), (1.0, 0.1), "tie"),  # a cosine below 0 counts as 0
    ],
)
def test_the_higher_mean_wins_by_a_margin(
    served: tuple[float, float], alternative: tuple[float, float], preferred: str
) -> None:
    names = ("faithfulness", "relevancy")
    scores = {"s": dict(zip(names, served, strict=True))}
    scores["a"] = dict(zip(names, alternative, strict=True))
    verdict = judge_of(scores).judge(QUESTION, says("s"), says("a"))
    assert (verdict.preferred, verdict.basis) == (preferred, "ragas")
    assert (verdict.calls, verdict.cost_usd, verdict.latency_ms) == (4, 0.5, 20.0)
    assert verdict.judge_version == "ragas/0/m/else pairwise/v1/m"
    assert "relevancy: served" in verdict.reason
    assert verdict.scores is not None
    assert all(0 <= value <= 1 for value in verdict.scores.values())


def test_the_margin_can_be_chosen() -> None:
    scores = {"s": {"faithfulness": 1.0}, "a": {"faithfulness": 0.7}}
    assert judge_of(scores, margin=0.31).judge(QUESTION, says("s"), says("a")).preferred == "tie"


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ({"s": {}, "a": {}}, "no score"),
        (
            {"s": {"f": NAN}, "a": {"f": 1.0}},
            "incomplete: nothing to score f of, in the served answer",
        ),
        ({"s": {"f": 1.0}, "a": {"r": 1.0}}, "no score"),
        ({"s": {"f": 1.0, "r": 0.0}, "a": {"f": 1.0}}, "no score"),
        # Never a mean over what happened to be scored.
        ({"s": {"f": NAN, "r": 0.9}, "a": {"f": 0.0, "r": 0.9}}, "score f of, in the served"),
        (
            {"s": {"f": 1.0, "r": 0.9}, "a": {"f": 0.0, "r": math.inf}},
            "score r of, in the alternative",
        ),
        ({"s": {"f": NAN, "r": 0.9}, "a": {"f": NAN, "r": 0.2}}, "nothing to score"),
    ],
)
def test_without_every_score_of_both_it_is_unscored(
    scores: Mapping[str, Mapping[str, float]], why: str
) -> None:
    verdict = judge_of(scores).judge(QUESTION, says("s"), says("a"))
    assert (verdict.preferred, verdict.calls, verdict.scores) == (None, 4, None)
    assert why in verdict.unscored_why


def test_an_unreadable_reply_is_unscored_and_a_provider_error_is_the_workers() -> None:
    def raises(problem: Exception) -> RagasJudge:
        def score(*_: object) -> Mapping[str, float]:
            raise problem

        return RagasJudge(score, Fallback(), version="v")

    verdict = raises(UnreadableVerdictError("odd")).judge(QUESTION, says("s"), says("a"))
    assert (verdict.preferred, verdict.unscored_why) == (None, "unreadable: odd")
    too_long = ProviderError("no", kind="refused", status=400)
    too_long.refused_for = "context"
    verdict = raises(too_long).judge(QUESTION, says("s"), says("a"))
    assert (verdict.preferred, verdict.unscored_why.partition(":")[0]) == (None, "too_long")
    with pytest.raises(ProviderError):
        raises(ProviderError("away", kind="server")).judge(QUESTION, says("s"), says("a"))


@pytest.mark.parametrize(
    ("question", "served"),
    [
        (Question(messages=QUESTION.messages), says("s")),
        (Question(messages=[], contexts=("x",)), says("s")),
        (QUESTION, {"content": None, "tool_calls": [{"function": {"name": "f"}}]}),
    ],
)
def test_what_cannot_be_scored_goes_to_the_fallback(question: Question, served: Answer) -> None:
    verdict = judge_of({}).judge(question, served, says("a"))
    assert verdict.judge_version == "ragas/0/m/else pairwise/v1/m"
    assert (verdict.basis, verdict.unscored_why, verdict.calls) == ("pairwise", "unreadable", 2)
    assert (verdict.cost_usd, verdict.latency_ms, len(verdict.orders)) == (0.5, 3.0, 1)


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setenv("RAGAS_DO_NOT_TRACK", "false")
    monkeypatch.setattr(ragas, "importlib", SimpleNamespace(import_module=missing))
    with pytest.raises(JudgeError, match=r"pip install 'tierwatch\[ragas\]'"):
        build_ragas_judge(_no_client(), "p", "m", fallback=Fallback())


def _no_client() -> Any:
    return None


def embedder(answer: httpx.Response | Exception) -> Embedder:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url == "http://host/v1/embeddings"
        assert request.headers["authorization"] == "Bearer key"
        assert request.read() == b'{"model":"e","input":["a","b"]}'
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Embedder("http://host/v1", "key", "e", transport=httpx.MockTransport(handle))


def test_vectors_come_in_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [2, 3]}, {"index": 0, "embedding": [0, 1]}]
    tally = Tally()
    embed = embedder(httpx.Response(200, json={"data": rows}))
    assert embed(["a", "b"], tally) == [[0.0, 1.0], [2.0, 3.0]]
    assert tally.calls == 1


@pytest.mark.parametrize(
    ("answer", "kind", "wait_s"),
    [
        (httpx.Response(429, headers={"retry-after": "7"}), "rate_limited", 7.0),
        (httpx.Response(503, headers={"retry-after": "soon"}), "server", None),
        (httpx.Response(503, headers={"retry-after": "9" * 400}), "server", LONGEST_READ_S),
        (httpx.Response(408), "timeout", None),
        (httpx.Response(404), "refused", None),
        (httpx.Response(200, text="<html>"), "unreadable", None),
        (httpx.Response(200, json={"data": [{"index": 0}]}), "unreadable", None),
        (
            httpx.Response(200, json={"data": [{"index": 0, "embedding": [1]}]}),
            "unreadable",
            None,
        ),
        (httpx.ReadTimeout("slow"), "timeout", None),
        (httpx.ConnectError("gone"), "connection", None),
    ],
)
def test_what_goes_wrong_with_vectors(
    answer: httpx.Response | Exception, kind: str, wait_s: float | None
) -> None:
    with pytest.raises(ProviderError) as raised:
        embedder(answer)(["a", "b"], Tally())
    assert (raised.value.kind, raised.value.retry_after_s) == (kind, wait_s)
