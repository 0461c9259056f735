"""Pin: put back the model that served a tier before a replacement; thresholds stay as they are."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.routing.policy import Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.pages.earlier_policy import earlier_model
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import proposals_in


@dataclass(frozen=True, slots=True)
class Pinned:
    """Who serves a tier again: the policy that says so, and the model's name.

    ``model`` is empty for the one that the configuration file names.
    """

    tier: str
    policy_version: int
    model: str


def pin_model(connection: Connection, tier: str, *, actor: str, why: str) -> Pinned:
    """Let the model serve a tier that served it before the last replacement.

    A new policy with the thresholds, classifier and drains of the active one. A running rollout is
    taken back: its pairs would be of another ladder. It stays until somebody replaces the model
    again, pins once more (which is the way back) or rolls back.

    Raises:
        UsageError: no reason given.
        ConflictError: no earlier policy had another model there, so that there is nothing to pin.
    """
    require_reason(why)
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    version = earlier_model(connection, tier)
    earlier = None if version is None else load_policy(connection, version)
    if active is None or stable is None or earlier is None:
        raise ConflictError(
            f"no policy before the active one had another model at tier {tier}, so that there is"
            " none to pin; send the tier up, or name another model in tierwatch.yaml"
        )
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        cancel_rollout(connection, proposal, actor=actor, why=why.strip())
    pinned = _with_model_of(stable, earlier, tier, version=next_version(connection))
    said = model_name(earlier, tier)
    add_policy(
        connection,
        pinned,
        author=actor,
        reason=f"{tier} is served by {said or 'the model of the file'} again: {why.strip()}",
        base=stable.version,
    )
    set_active(connection, stable=pinned.version, candidate=None, share=0.0, salt=active.salt)
    add_audit(
        connection,
        actor=actor,
        action="model.pinned",
        subject=f"policy/{pinned.version}",
        why=why.strip(),
        tier=tier,
        before=model_name(stable, tier),
        after=said,
    )
    return Pinned(tier, pinned.version, said)


def model_name(policy: Policy, tier: str) -> str:
    """The model that a policy puts in place of the file's at a tier; empty where it puts none."""
    model = policy.models.get(tier)
    return "" if model is None else model.variant


def _with_model_of(stable: Policy, earlier: Policy, tier: str, *, version: int) -> Policy:
    rest = {name: model for name, model in stable.models.items() if name != tier}
    own = {tier: earlier.models[tier]} if tier in earlier.models else {}
    return replace(stable, version=version, models=rest | own)
