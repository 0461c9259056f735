"""Roll back: a person puts an earlier policy back for everybody."""

from dataclasses import replace

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import proposals_in, put_end


def roll_back_to(connection: Connection, version: int, *, actor: str, why: str) -> int:
    """Make an earlier policy's thresholds and model those of everybody, as a new version.

    A running rollout is taken back in the same step. What is sent up by hand stays sent up.

    Returns:
        The new version.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such policy, or it is active already.
    """
    require_reason(why)
    active = lock_active(connection)
    earlier = load_policy(connection, version)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if active is None or earlier is None:
        raise ConflictError(f"there is no policy {version}")
    if version == active.stable_version and active.candidate_version is None:
        raise ConflictError(f"policy {version} is active already")
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        cancel_rollout(connection, proposal, actor=actor, why=why)
    if version == active.stable_version:
        return version
    new = next_version(connection)
    add_policy(
        connection,
        # What is sent up by hand has an end of its own.
        replace(earlier, version=new, drained={} if stable is None else stable.drained),
        author=actor,
        reason=f"back to policy {version}: {why}",
        base=active.stable_version,
    )
    set_active(connection, stable=new, candidate=None, share=0.0, salt=active.salt)
    for proposal in proposals_in(connection, "active", lock=True):
        if proposal.candidate_version is not None and proposal.candidate_version > version:
            put_end(connection, proposal.id, "rolled_back", why=why)
    add_audit(
        connection,
        actor=actor,
        action="policy.rolled_back",
        subject=f"policy/{new}",
        why=why,
        to=version,
    )
    return new
