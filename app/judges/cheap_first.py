"""Two judges as one: a cheap one in both orders, and a strong one where its orders contradict."""

from dataclasses import dataclass, replace

from tierwatch.errors import ProviderError
from tierwatch.judges.verdict import Answer, Asked, Judge, OrderVerdict, Question, Verdict
from tierwatch.judges.versions import together_version

_SETTLED = frozenset({"served", "alternative", "tie"})


@dataclass(frozen=True, slots=True)
class CheapFirst:
    """A cheap judge is asked; a strong one has the word where the cheap one has nothing to say.

    That is where its two orders contradict each other, or where it gave no verdict at all. To
    everything that counts verdicts this is one judge, of one version: a change of either is another
    instrument, and its errors are measured as those of the whole.

    Not guaranteed: anything about a cheap judge that is wrong in both orders alike; nobody asks
    further then. Anchors decide whether it may stand first (`evaluation.calibration.first_judge`).

    Attributes:
        cheap: asked of every pair, in both orders.
        strong: asked of the rest.
    """

    cheap: Judge
    strong: Judge

    @property
    def version(self) -> str:
        """As `versions.together_version` has it."""
        return together_version(self.cheap.version, self.strong.version)

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Ask the cheap judge, and the strong one if that has settled nothing.

        ``asked`` has one entry for each judge, the last of which spoke; ``orders`` begin with its
        own. Cost, calls and time are those of both.

        Raises:
            ProviderError: one of the two did not answer. The strong one does not stand in for a
                cheap one that is away: it would be another instrument for as long. ``spent_usd``
                has what the cheap one cost before.
        """
        first = self.cheap.judge(question, served, alternative)
        if first.preferred in _SETTLED:
            return self._one(first, ())
        try:
            last = self.strong.judge(question, served, alternative)
        except ProviderError as problem:
            problem.spent_usd += first.cost_usd
            raise
        return self._one(last, (first,))

    def _one(self, spoke: Verdict, before: tuple[Verdict, ...]) -> Verdict:
        return replace(
            spoke,
            judge_version=self.version,
            orders=tuple(order for one in (spoke, *before) for order in _signed(one)),
            cost_usd=sum(one.cost_usd for one in (*before, spoke)),
            calls=sum(one.calls for one in (*before, spoke)),
            latency_ms=sum(one.latency_ms for one in (*before, spoke)),
            asked=tuple(map(_asked, (*before, spoke))),
        )


def _signed(verdict: Verdict) -> tuple[OrderVerdict, ...]:
    return tuple(replace(order, judge=verdict.judge_version) for order in verdict.orders)


def _asked(verdict: Verdict) -> Asked:
    return Asked(
        judge=verdict.judge_version,
        preferred=verdict.preferred,
        basis=verdict.basis,
        why=verdict.unscored_why,
        cost_usd=verdict.cost_usd,
        calls=verdict.calls,
        latency_ms=verdict.latency_ms,
    )
