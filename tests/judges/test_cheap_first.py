"""Two judges as one: who is asked, who has spoken, and what both took."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.judges.cheap_first import CheapFirst
from tierwatch.judges.verdict import Answer, Decided, OrderVerdict, Question, Verdict

SAID: list[Decided | None] = ["served", "alternative", "tie", "inconclusive", None]
QUESTION = Question(messages=[])


@dataclass
class Says:
    """Says one thing of every pair."""

    version: str
    said: Decided | None
    cost_usd: float = 1.0
    asked: list[Answer] = field(default_factory=list)
    away: bool = False

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        if self.away:
            problem = ProviderError("away", kind="timeout")
            problem.spent_usd = 0.25
            raise problem
        self.asked.append(served)
        basis = "swap_disagreement" if self.said == "inconclusive" else "pairwise"
        in_orders = [None] if self.said is None else ["served", "alternative"]
        if self.said not in {"inconclusive", None}:
            in_orders = [self.said, self.said]
        orders: Any = zip(("served_first", "alternative_first"), in_orders, strict=False)
        return Verdict(
            preferred=self.said,
            basis=basis,
            reason=f"{self.version} said",
            judge_version=self.version,
            orders=tuple(OrderVerdict(order, said, "", "") for order, said in orders),
            unscored_why="unreadable: twice." if self.said is None else "",
            cost_usd=self.cost_usd,
            calls=2,
            latency_ms=10.0,
        )


def ask(cheap: Says, strong: Says) -> Verdict:
    return CheapFirst(cheap, strong).judge(QUESTION, {"content": "a"}, {"content": "b"})


@pytest.mark.parametrize("said", ["served", "alternative", "tie"])
def test_a_cheap_judge_whose_orders_agree_has_the_word(said: Decided) -> None:
    strong = Says("strong", "tie")
    verdict = ask(Says("cheap", said), strong)
    assert strong.asked == []
    assert (verdict.preferred, verdict.basis, verdict.cost_usd) == (said, "pairwise", 1.0)
    assert [one.judge for one in verdict.asked] == ["cheap"]
    assert [order.judge for order in verdict.orders] == ["cheap", "cheap"]


@pytest.mark.parametrize("said", ["inconclusive", None])
def test_where_it_has_settled_nothing_the_strong_one_speaks(said: Decided | None) -> None:
    verdict = ask(Says("cheap", said), Says("strong", "served", cost_usd=8.0))
    assert (verdict.preferred, verdict.basis, verdict.reason) == (
        "served",
        "pairwise",
        "strong said",
    )
    assert verdict.judge_version == "cheap then strong"
    assert (verdict.cost_usd, verdict.calls, verdict.latency_ms) == (9.0, 4, 20.0)
    assert [(one.judge, one.preferred, one.cost_usd) for one in verdict.asked] == [
        ("cheap", said, 1.0),
        ("strong", "served", 8.0),
    ]
    # Whoever reads two orders reads those of the one that spoke.
    assert [order.judge for order in verdict.orders[:2]] == ["strong", "strong"]
    assert verdict.unscored_why == ""


@given(st.sampled_from(SAID), st.sampled_from(SAID))
def test_one_judge_with_one_verdict(first: Decided | None, last: Decided | None) -> None:
    verdict = ask(Says("cheap", first), Says("strong", last))
    spoke = verdict.asked[-1]
    assert (
        verdict.preferred == spoke.preferred == (last if first in {"inconclusive", None} else first)
    )
    assert verdict.cost_usd == sum(one.cost_usd for one in verdict.asked)
    assert verdict.judge_version == "cheap then strong"
    assert bool(verdict.unscored_why) == (verdict.preferred is None)


def test_what_the_cheap_one_cost_is_not_lost_with_the_strong_one() -> None:
    with pytest.raises(ProviderError) as raised:
        ask(Says("cheap", "inconclusive"), Says("strong", "tie", away=True))
    assert raised.value.spent_usd == 1.25


def test_the_strong_one_does_not_stand_in_for_a_cheap_one_that_is_away() -> None:
    strong = Says("strong", "tie")
    with pytest.raises(ProviderError):
        ask(Says("cheap", "tie", away=True), strong)
    assert strong.asked == []
