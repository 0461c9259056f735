"""A decision: what the router chose for one request, and why."""

from dataclasses import dataclass

# What `reason` begins with when no threshold decided about the tier.
_NOT_CHOSEN = (
    "pinned", "classifier_failed", "cascade", "sticky", "fits_not", "by_rule", "other_thresholds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What the router chose and why. Immutable; stored with the exchange as it stands.

    Attributes:
        tier: name of the tier that is to serve the request.
        model: that tier's model.
        confidence: probability, in [0, 1], that was held against ``threshold``: the label's when
            the request was kept at its label or escalated above it. With reason ``top`` it is the
            classifier's confidence in the top tier; 1 when pinned, 0 when the classifier failed or
            knows nothing like the prompt.
        threshold: what ``confidence`` had to reach, or None when nothing was compared (``top``,
            ``unfamiliar``, ``pinned``, ``classifier_failed``).
        label: tier the classifier named; for scoring classifiers the first with a confidence of
            .5 or more. Equal to ``tier`` when pinned or failed.
        escalated: True when ``tier`` is above ``label`` because ``confidence < threshold``, because
            a tier that would have kept it is drained, or because an answer of the tier below did
            not pass the cascade's check.
        task_type: kind of task the classifier saw, or ``all``; ``unfamiliar`` for a prompt unlike
            anything that a learned classifier has judged.
        policy_version: version of the policy whose thresholds were applied.
        reason: ``kept | escalated | drained | top | unfamiliar | pinned | classifier_failed:<why> |
            cascade:<fault> | sticky:<why> | fits_not:<what>``. With ``unfamiliar`` the top tier
            serves a prompt of which the classifier knows nothing; it is evidence like any other.
            With ``sticky`` the conversation is held at ``tier``, above the one the router chose
            (`routing.stickiness`): because a tool's result is being answered (``tool_exchange``),
            the classifier failed (``unclassified``), the message says nothing by itself
            (``continuation``) or the warm prompt cache is worth more (``warm_cache``). With
            ``fits_not`` another tier serves, since the one that would have is known not to take
            what the request needs (``images``, ``context``, ``tools``). In both cases all other
            fields stay what the router found, so ``tier`` follows from none of them.
        confidences: (tier, probability that this tier suffices) for every tier but the top one,
            cheapest first. Empty when pinned or failed. After a cascade they end with the tier
            whose answer did not pass.
    """

    tier: str
    model: str
    confidence: float
    threshold: float | None
    label: str
    escalated: bool
    task_type: str
    policy_version: int
    reason: str
    confidences: tuple[tuple[str, float], ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether the router's thresholds chose ``tier``: only then is its outcome evidence.

        Not when the caller named it, the classifier failed, a cascade moved it up, the
        conversation is held there, or the chosen tier lacked what the request needs.
        """
        return self.reason.partition(":")[0] not in _NOT_CHOSEN

    @property
    def held(self) -> bool:
        """Whether the conversation is held at ``tier``."""
        return self.reason.startswith("sticky:")
