"""Small evalsets, a judge and models that answer them, and change when they are told to."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.evalsets import Anchor, Evalset, Probe
from tierwatch.judges.verdict import OrderVerdict, Verdict
from tierwatch.providers.completion import Completion

# 40 pairs of which the first 20 are worse in their first answer.
ANCHORS = Evalset(
    "anchors/test",
    tuple(
        Anchor(
            id=f"anchor-{number:03d}",
            kind="math",
            trait="plain",
            prompt=f"What is {number} + 1?",
            a="something else" if number < 20 else str(number + 1),
            b=str(number + 1) if number < 20 else "it is " + str(number + 1),
            verdict="b" if number < 20 else "tie",
            why="the first is no number",
        )
        for number in range(40)
    ),
)


class TruthfulJudge:
    """Says what is right, but for prompts it has changed its mind about."""

    version = "fake/v1"

    def __init__(self) -> None:
        self.asked = 0
        self.changed: Callable[[int], str | None] = lambda _: None
        self.fails = 0

    def judge(self, question: Any, *_answers: Any) -> Verdict:
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise ProviderError("away", kind="server")
        number = int(question.messages[0]["content"].split()[2])
        right = "alternative" if number < 20 else "tie"
        said = self.changed(number) or right
        orders = tuple(
            OrderVerdict(order=order, preferred=said, reason="", raw="")  # type: ignore[arg-type]
            for order in ("served_first", "alternative_first")
        )
        return Verdict(
            preferred=said,  # type: ignore[arg-type]
            basis="pairwise",
            reason="because",
            judge_version=self.version,
            orders=orders,
            cost_usd=0.001,
        )


PROBES = Evalset(
    "probes/test",
    tuple(
        Probe(
            f"p{n:02d}", "k", "easy", f"Probe {n}?", {"how": "exact", "value": "yes"}, "yes", "no"
        )
        for n in range(40)
    ),
)


class Models:
    """Answers "yes" to every probe, but for those a model has unlearnt."""

    def __init__(self) -> None:
        self.unlearnt: dict[str, set[int]] = {}
        self.away: set[str] = set()
        self.wavering: set[int] = set()
        self.temperatures: set[object] = set()
        self.asked = 0
        self.seen: Counter[tuple[str, int]] = Counter()

    def complete(
        self, provider: str, request: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> Completion:
        assert timeout_s is None
        assert provider == "lab"
        self.asked += 1
        self.temperatures.add(request.get("temperature"))
        model = str(request["model"])
        if model in self.away:
            raise ProviderError("away", kind="server")
        number = int(request["messages"][0]["content"].split()[1].rstrip("?"))
        known = number not in self.unlearnt.get(model, set())
        if number in self.wavering:  # right every other time
            self.seen[model, number] += 1
            known = self.seen[model, number] % 2 == 1
        return Completion(
            message={"role": "assistant", "content": "Yes." if known else "no"},
            model=model,
            finish_reason="stop",
            prompt_tokens=100,
            completion_tokens=100,
            latency_ms=1.0,
            raw={},
        )
