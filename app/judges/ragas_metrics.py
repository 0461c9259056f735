"""ragas' metrics, asked through our own client. Imports ragas: see `judges.ragas`."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import AnswerRelevancy, Faithfulness

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.asking import Asker, Tally
from tierwatch.judges.ragas import Embed, Score
from tierwatch.judges.ragas_replies import incomplete, read_object

RAGAS_VERSION = version("ragas")

# ragas lists every statement of an answer with a reason for each.
_MAX_TOKENS = 2_000
_TRIES = 2


class _Model(InstructorBaseRagasLLM):  # type: ignore[misc]  # ragas' types are not checked
    """ragas' face of a model. No second HTTP stack: calls, costs and errors are those of ours."""

    def __init__(self, asker: Asker, tally: Tally) -> None:
        self._asker = asker
        self._tally = tally
        self._statements: list[str] = []

    def generate(self, prompt: str, response_model: type[BaseModel]) -> BaseModel:
        """Ask, and read the reply as ``response_model``; once more when it is not all there."""
        why = ""
        for _ in range(_TRIES):
            messages = [{"role": "user", "content": prompt}]
            reply = self._asker.ask(messages, self._tally, max_tokens=_MAX_TOKENS)
            try:
                read = read_object(reply, response_model)
            except UnreadableVerdictError as problem:
                why = str(problem)
                continue
            why = incomplete(read, self._statements)
            if not why:
                listed = getattr(read, "statements", ())
                self._statements = [one for one in listed if isinstance(one, str)]
                return read
        raise UnreadableVerdictError(
            f"ragas asked for {response_model.__name__}; the reply was unreadable or incomplete"
            f" {_TRIES} times: {why}."
        )

    async def agenerate(self, prompt: str, response_model: type[BaseModel]) -> BaseModel:
        """As `generate`: the event loop is this pair's own, so nobody waits for it."""
        return self.generate(prompt, response_model)


class _Embedding(BaseRagasEmbedding):  # type: ignore[misc]  # ragas' types are not checked
    """ragas' face of an embedding model."""

    def __init__(self, embed: Embed, tally: Tally) -> None:
        super().__init__()
        self._embed = embed
        self._tally = tally

    def embed_text(self, text: str, **_: Any) -> list[float]:
        """One vector."""
        return self._embed([text], self._tally)[0]

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        """As `embed_text`."""
        return self.embed_text(text)

    async def aembed_texts(self, texts: list[str], **_: Any) -> list[list[float]]:
        """One vector a text, in one call."""
        return self._embed(texts, self._tally)


def ragas_scores(asker: Asker, embed: Embed | None) -> Score:
    """Return what scores one answer: its faithfulness and, with ``embed``, its relevancy.

    Faithfulness (share of the answer's statements that the passages support) takes two calls,
    relevancy (likeness of the question to questions the answer would answer) three and two for
    vectors. Both are in [0, 1]; NaN where ragas finds nothing to score.
    """

    def score(
        question: str, answer: str, passages: tuple[str, ...], tally: Tally
    ) -> Mapping[str, float]:
        model = _Model(asker, tally)

        async def ask() -> dict[str, float]:
            found = await Faithfulness(llm=model).ascore(
                user_input=question, response=answer, retrieved_contexts=list(passages)
            )
            scores = {"faithfulness": float(found.value)}
            if embed is not None:
                relevancy = AnswerRelevancy(llm=model, embeddings=_Embedding(embed, tally))
                found = await relevancy.ascore(user_input=question, response=answer)
                scores["relevancy"] = float(found.value)
            return scores

        return asyncio.run(ask())

    return score
