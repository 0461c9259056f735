"""The ragas judge: faithfulness to retrieved passages, and relevance, for answers that have some.

Needs the extra ``ragas`` (800 MB, 1.8 s to import), which is imported when such a judge is built
and never else. Its prompts are ragas' own, and do not fence the answers: where answers may be
hostile, the pairwise judge is the safer one.
"""

import datetime as dt
import importlib
import math
import os
import time
from collections.abc import Callable, Mapping
from statistics import fmean

import httpx

from tierwatch.errors import JudgeError, ProviderError, UnreadableVerdictError
from tierwatch.judges.asking import Asker, Completes, Tally
from tierwatch.judges.transcript import answer_text, readable, tool_calls
from tierwatch.judges.verdict import (
    INCOMPLETE,
    TOO_LONG,
    UNREADABLE,
    Answer,
    Judge,
    Preferred,
    Question,
    Verdict,
)
from tierwatch.retry_after import read_retry_after
from tierwatch.routing.tiers import Price

# On the mean of two scores that move in steps of one statement in ten; nearer is a tie.
MARGIN = 0.1

_ROUNDING = 1e-9

Score = Callable[[str, str, tuple[str, ...], Tally], Mapping[str, float]]
"""Question, answer, passages, tally -> named scores in [0, 1]; NaN where a metric gave none."""

Embed = Callable[[list[str], Tally], list[list[float]]]
"""Texts -> one vector each."""


class RagasJudge:
    """Prefers the answer whose mean score is higher by at least a margin.

    A question without retrieved passages, or an answer that calls tools, goes to ``fallback``.
    Verdicts of both kinds carry this judge's version: one judge, one series of outcomes.

    Args:
        score: scores one answer, see `ragas_scores`.
        fallback: judges what cannot be scored.
        margin: smallest difference of the means that is not a tie.
        version: what this measures and with which model.
    """

    def __init__(
        self, score: Score, fallback: Judge, *, version: str, margin: float = MARGIN
    ) -> None:
        self._score = score
        self._fallback = fallback
        self._margin = margin
        self._version = f"{version}/else {fallback.version}"

    @property
    def version(self) -> str:
        """``ragas/<its version>/<metrics>/<model>/else <version of the fallback>``."""
        return self._version

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Score both answers and compare the means of their metrics, where both have all of them.

        Raises:
            ProviderError: the provider did not answer.
        """
        asked = _last_user_text(question)
        if not (question.contexts and asked) or tool_calls(served) or tool_calls(alternative):
            found = self._fallback.judge(question, served, alternative)
            return Verdict(
                preferred=found.preferred,
                basis=found.basis,
                reason=found.reason,
                judge_version=self._version,
                orders=found.orders,
                unscored_why=found.unscored_why,
                cost_usd=found.cost_usd,
                calls=found.calls,
                latency_ms=found.latency_ms,
                scores=found.scores,
            )
        tally = Tally()
        scores: dict[str, float] = {}
        why = ""
        passages = tuple(readable(passage) for passage in question.contexts)
        try:
            for side, answer in (("served", served), ("alternative", alternative)):
                text = readable(answer_text(answer))
                for metric, value in self._score(asked, text, passages, tally).items():
                    if math.isfinite(value):
                        scores[f"{side}.{metric}"] = min(1.0, max(0.0, value))
                    else:
                        why = f"{INCOMPLETE}: nothing to score {metric} of, in the {side} answer."
        except UnreadableVerdictError as problem:
            why = f"{UNREADABLE}: {problem}"
        except ProviderError as problem:
            if problem.refused_for != "context":
                # Embedding may have failed after the model had been asked, and paid.
                problem.spent_usd = max(problem.spent_usd, tally.cost_usd)
                raise
            why = f"{TOO_LONG}: the model refused the passages with an answer."
        # A mean over what happened to be scored would compare other things on either side.
        preferred, reason = (None, "") if why else self._compared(scores)
        if preferred is None:
            scores, why = {}, why or f"{INCOMPLETE}: ragas gave no score that both answers have."
        return Verdict(
            preferred=preferred,
            basis="ragas",
            reason=reason,
            judge_version=self._version,
            unscored_why=why if preferred is None else "",
            cost_usd=tally.cost_usd,
            calls=tally.calls,
            latency_ms=tally.latency_ms,
            scores=scores or None,
        )

    def _compared(self, scores: Mapping[str, float]) -> tuple[Preferred | None, str]:
        found: dict[str, dict[str, float]] = {"served": {}, "alternative": {}}
        for name, value in scores.items():
            side, _, metric = name.partition(".")
            found[side][metric] = value
        metrics = found["served"].keys()
        if not metrics or metrics != found["alternative"].keys():
            return None, ""
        served, alternative = (fmean(found[side].values()) for side in found)
        reason = (
            f"Mean of {' and '.join(metrics)}: served {served:.2f}, alternative {alternative:.2f};"
            f" a tie below a difference of {self._margin:.2f}."
        )
        if abs(served - alternative) < self._margin - _ROUNDING:
            return "tie", reason
        return ("served" if served > alternative else "alternative"), reason


class Embedder:
    """Vectors from an OpenAI-compatible ``/embeddings``.

    Args:
        base_url: up to and with ``/v1``.
        api_key: sent as a bearer token; None sends none.
        model: the embedding model's name.
        timeout_s: for the whole call.
        transport: replaces the network in tests.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        *,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._model = model
        self._client = httpx.Client(
            base_url=base_url, headers=headers, timeout=timeout_s, transport=transport
        )

    def __call__(self, texts: list[str], tally: Tally) -> list[list[float]]:
        """Return one vector a text, in order.

        Raises:
            ProviderError: there was no answer, or one without these vectors.
        """
        began = time.perf_counter()
        try:
            reply = self._client.post("embeddings", json={"model": self._model, "input": texts})
        except httpx.TimeoutException as problem:
            raise ProviderError("The embedding model took too long.", kind="timeout") from problem
        except httpx.HTTPError as problem:
            raise ProviderError(
                f"The embedding model cannot be reached: {problem}", kind="connection"
            ) from problem
        tally.calls += 1
        tally.latency_ms += (time.perf_counter() - began) * 1000
        if reply.is_error:
            raise _embedding_error(reply)
        try:
            rows = sorted(reply.json()["data"], key=lambda row: int(row["index"]))
            vectors = [[float(number) for number in row["embedding"]] for row in rows]
        except (ValueError, KeyError, TypeError) as problem:
            raise ProviderError(
                "The embedding model's reply holds no vectors.",
                kind="unreadable",
                status=reply.status_code,
                body=reply.text[:2_000],
            ) from problem
        if len(vectors) != len(texts):
            raise ProviderError(
                f"The embedding model gave {len(vectors)} vectors for {len(texts)} texts.",
                kind="unreadable",
                status=reply.status_code,
            )
        return vectors


def build_ragas_judge(
    client: Completes,
    provider: str,
    model: str,
    *,
    fallback: Judge,
    price: Price | None = None,
    timeout_s: float | None = None,
    embed: Embed | None = None,
    margin: float = MARGIN,
) -> RagasJudge:
    """Import ragas and return its judge: with ``embed`` answer relevancy counts too.

    ``timeout_s`` bounds what the model's calls for one pair may take together.

    Raises:
        JudgeError: the extra is not installed.
    """
    # ragas reports its use to its makers unless told otherwise before it is imported.
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    try:
        metrics = importlib.import_module("tierwatch.judges.ragas_metrics")
    except ImportError as missing:
        raise JudgeError(
            "evaluation.judge.kind is ragas, and ragas cannot be imported"
            f" ({missing}); install the extra: pip install 'tierwatch[ragas]'."
        ) from missing
    score: Score = metrics.ragas_scores(Asker(client, provider, model, price, timeout_s), embed)
    names = "faithfulness+relevancy" if embed else "faithfulness"
    return RagasJudge(
        score,
        fallback,
        margin=margin,
        version=f"ragas/{metrics.RAGAS_VERSION}/{names}/{model}",
    )


def _last_user_text(question: Question) -> str:
    asked = [answer_text(one) for one in question.messages if one.get("role") == "user"]
    return readable(asked[-1]).strip() if asked else ""


def _embedding_error(reply: httpx.Response) -> ProviderError:
    status = reply.status_code
    kind = {408: "timeout", 429: "rate_limited"}.get(
        status, "server" if reply.is_server_error else "refused"
    )
    return ProviderError(
        f"The embedding model answered with status {status}.",
        kind=kind,
        status=status,
        retry_after_s=read_retry_after(reply.headers, now=dt.datetime.now(dt.UTC)),
        body=reply.text[:2_000],
    )
