"""The total cost of routing, and what it saves once evaluation is paid for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """USD spent, by what it was spent on. The parts are disjoint.

    Attributes:
        serving_usd: answers that were served, and failed attempts that were billed.
        classifier_usd: asking a model which tier should serve.
        shadow_usd: answers of other tiers that nobody sees.
        judge_usd: comparing pairs of answers.
        checks_usd: anchors and probes.
    """

    serving_usd: float
    classifier_usd: float
    shadow_usd: float
    judge_usd: float
    checks_usd: float

    @property
    def evaluation_usd(self) -> float:
        """What watching costs: shadow answers, judging, checks. A daily budget bounds it."""
        return self.shadow_usd + self.judge_usd + self.checks_usd

    @property
    def total_usd(self) -> float:
        """Everything."""
        return self.serving_usd + self.classifier_usd + self.evaluation_usd

    def saving(self, cost_top_tier_usd: float) -> float | None:
        """``1 - serving / top``: share saved by serving, before anything else is paid for.

        Args:
            cost_top_tier_usd: what the top tier's price would have been for the same tokens.

        Returns:
            At most 1, below 0 when routing cost more than it saved, and None when nothing would
            have been paid.

        >>> Costs(40, 1, 20, 15, 4).saving(100)
        0.6
        """
        return None if cost_top_tier_usd <= 0 else 1 - self.serving_usd / cost_top_tier_usd

    def saving_net_of_evaluation(self, cost_top_tier_usd: float) -> float | None:
        """``1 - (serving + classifier + shadow + judge + checks) / top``: what is left of it.

        Never more than ``saving``; it is not cut at 0, since evaluation may cost more than routing
        saves, and that must be seen.

        >>> Costs(40, 1, 20, 15, 4).saving_net_of_evaluation(160)  # 1 - 80/160
        0.5
        >>> Costs(40, 1, 60, 45, 4).saving_net_of_evaluation(100)  # 1 - 150/100
        -0.5
        """
        return None if cost_top_tier_usd <= 0 else 1 - self.total_usd / cost_top_tier_usd
