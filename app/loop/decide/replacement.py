"""Replacement: another model for a tier, as a proposal carries it into a policy and is watched."""

from sqlalchemy import Connection, text

from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.routing.policy import Policy
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.store.proposals import Proposal

# A tier without a threshold has none above it: its answers are held against the tier below.
_PAIRS_UP = text(
    "select loss, weight * tier_density as weight from outcomes"
    " where policy_version = :version and tier = :tier and direction = 'up' order by id"
)
_PAIRS_DOWN = text(
    "select (v.preferred = 'alternative')::int::float8 as loss, o.weight"
    " from outcomes o join verdicts v using (exchange_id, judge_version)"
    " where o.policy_version = :version and o.tier = :tier and o.direction = 'down' order by o.id"
)


def replaced_policy(
    stable: Policy, tier: str, evidence: ReplacementEvidence, version: int
) -> Policy:
    """The stable policy with a proposed model at its tier.

    Raises:
        PolicyError: what the proposal carries is no model.
    """
    model = TierModel.from_json(
        {**evidence.model, "price": evidence.price, "provider": evidence.provider}
    )
    return stable.with_tier_model(tier, model, version=version)


def replaces_another(proposal: Proposal, stable: Policy) -> bool:
    """Whether a proposed model was held against one that a policy has replaced since."""
    evidence = proposal.evidence
    if not isinstance(evidence, ReplacementEvidence):
        return False
    now, instead_of = stable.models.get(proposal.tier), evidence.model["instead_of"]
    # One that replaced another model of the file is not used any more.
    serving = now.variant if now is not None and now.instead_of == instead_of else instead_of
    return serving != evidence.served


def replacement_pairs(
    connection: Connection, proposal: Proposal, candidate: Policy
) -> list[tuple[float, float]]:
    """Losses and weights of the pairs that a proposed model has served in its rollout.

    A loss is an answer that is materially worse than the next tier's; at the top, than the one of
    the tier below.
    """
    top = proposal.tier not in candidate.thresholds
    rows = connection.execute(
        _PAIRS_DOWN if top else _PAIRS_UP,
        {"version": candidate.version, "tier": proposal.tier},
    )
    return [(row.loss, row.weight) for row in rows]
